// USERTAGS_EXPORT: what a shared library of usertags shows. All else is hidden.
//
// USERTAGS_LIFETIMEBOUND: what is answered is a view of this object, or argument. Clang warns where that is a
// temporary (-Wdangling).
#pragma once

// Shown by a shared library.
#define USERTAGS_EXPORT [[gnu::visibility("default")]]

// The answer is a view of this.
#if defined(__clang__) && __has_cpp_attribute(clang::lifetimebound)
#define USERTAGS_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define USERTAGS_LIFETIMEBOUND
#endif
