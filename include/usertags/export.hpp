// USERTAGS_EXPORT: what a shared library of usertags shows. All else is hidden.
#pragma once

#define USERTAGS_EXPORT [[gnu::visibility("default")]]
