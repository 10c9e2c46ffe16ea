// The one place where the code of Boost.JSON, which is used as headers only, is compiled.
#include <boost/json/src.hpp>
