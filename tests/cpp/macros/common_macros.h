/* What other people's headers define, and does not end at their names: each of these stands for
 * something that never compiles, so whoever uses the name finds out. */

/* Qt, unless QT_NO_KEYWORDS is set */
#define forever @
#define foreach(...) @
#define signals @
#define slots @
#define emit @

/* windows.h and what it brings along */
#define min(...) @
#define max(...) @
#define interface @
#define near @
#define far @
#define small @
#define hyper @
#define pascal @
#define cdecl @
#define IN @
#define OUT @
#define OPTIONAL @
#define ERROR @
#define NO_ERROR @
#define DELETE @
#define CONST @
#define VOID @
#define STRICT @
#define IGNORE @
#define DOMAIN @
#define GetMessage @
#define SendMessage @
#define CreateEvent @
#define GetObject @
#define GetClassName @
#define Yield(...) @

/* X11/X.h, X11/Xlib.h */
#define None @
#define Status @
#define Bool @
#define True @
#define False @
#define Success @
#define Always @
#define Never @
#define Unsorted @
#define Above @
#define Below @
#define Complex @
#define Expose @
#define KeyPress @
#define FocusIn @
#define FocusOut @
#define CursorShape @
#define BadRequest @
#define DestroyAll @
#define Bell @

/* AssertMacros.h of Apple's systems */
#define check(...) @
#define check_noerr(...) @
#define check_string(...) @
#define verify(...) @
#define verify_noerr(...) @
#define verify_action(...) @
#define require(...) @
#define require_quiet(...) @
#define require_noerr(...) @
#define require_action(...) @
#define require_string(...) @
#define debug_string(...) @

/* Unreal Engine */
#define ensure(...) @
#define checkf(...) @
#define verifyf(...) @
#define checkSlow(...) @
#define unimplemented(...) @
#define TEXT(...) @
#define PI @

/* sys/sysmacros.h, sys/param.h, sys/queue.h, the C library's others */
#define major(...) @
#define minor(...) @
#define makedev(...) @
#define MIN(...) @
#define MAX(...) @
#define unix @
#define linux @
#define I @
#define assert(...) @

/* the kernel's, Arduino's, Objective-C's, and what projects are fond of */
#define likely(...) @
#define unlikely(...) @
#define container_of(...) @
#define abs(...) @
#define round(...) @
#define bit(...) @
#define bool_ @
#define nil @
#define Nil @
#define DEBUG @
#define INFO @
#define WARNING @
#define TRACE @
#define LOG(...) @
#define CHECK(...) @
#define VERIFY(...) @
#define TRUE @
#define FALSE @
#define BOOL @
#define PUBLIC @
#define PRIVATE @
#define OK @
