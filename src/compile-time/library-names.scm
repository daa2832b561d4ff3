;;; What the C library has: the functions and variables of C11 and POSIX, with what glibc's headers
;;; for these have besides, and what else CHICKEN and our own library call. A callback of such a name
;;; would replace the library's function for the whole program, CHICKEN's own code included.

(define library-names
  '(_exit _longjmp _setjmp _tolower _toupper
    a64l abort abs accept access acos acosf acosh acoshf acoshl acosl addmntent aio_cancel
    aio_error aio_fsync aio_read aio_return aio_suspend aio_write alarm aligned_alloc alphasort
    asctime asctime_r asin asinf asinh asinhf asinhl asinl atan atan2 atan2f atan2l atanf atanh
    atanhf atanhl atanl atof atoi atol atoll backtrace backtrace_symbols backtrace_symbols_fd bind
    bsearch btowc c16rtomb c32rtomb cabs cabsf cabsl cacos cacosf cacosh cacoshf cacoshl cacosl
    call_once calloc carg cargf cargl casin casinf casinh casinhf casinhl casinl catan catanf
    catanh catanhf catanhl catanl catclose catgets catopen cbrt cbrtf cbrtl ccos ccosf ccosh
    ccoshf ccoshl ccosl ceil ceilf ceill cexp cexpf cexpl cfgetispeed cfgetospeed cfsetispeed
    cfsetospeed chdir chmod chown chroot cimag cimagf cimagl clearerr clock clock_getcpuclockid
    clock_getres clock_gettime clock_nanosleep clock_settime clog clogf clogl close closedir
    closelog cnd_broadcast cnd_destroy cnd_init cnd_signal cnd_timedwait cnd_wait confstr conj
    conjf conjl connect copysign copysignf copysignl cos cosf cosh coshf coshl cosl cpow cpowf
    cpowl cproj cprojf cprojl creal crealf creall creat csin csinf csinh csinhf csinhl csinl csqrt
    csqrtf csqrtl ctan ctanf ctanh ctanhf ctanhl ctanl ctermid ctime ctime_r daylight difftime
    dirfd dirname div dl_iterate_phdr dladdr1 dlclose dlerror dlopen dlsym dprintf drand48 dup
    dup2 duplocale endgrent
    endhostent endmntent endnetent endprotoent endpwent endservent endutxent environ epoll_create
    epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait erand48 erf erfc erfcf erfcl erff
    erfl err error error_at_line error_message_count error_one_per_line error_print_progname errx
    eventfd eventfd_read eventfd_write execl execle execlp execv execve execvp exit exp exp2 exp2f
    exp2l expf expl expm1 expm1f expm1l fabs fabsf fabsl faccessat fchdir fchmod fchmodat fchown
    fchownat fclose fcntl fdatasync fdim fdimf fdiml fdopen fdopendir feclearexcept fegetenv
    fegetexceptflag fegetround feholdexcept feof feraiseexcept ferror fesetenv fesetexceptflag
    fesetround fetestexcept feupdateenv fexecve fflush ffs fgetc fgetpos fgets fgetwc fgetws
    fgetxattr fileno flistxattr flock flockfile floor floorf floorl fma fmaf fmal fmax fmaxf fmaxl
    fmemopen fmin fminf fminl fmod fmodf fmodl fmtmsg fnmatch fopen fork forkpty fpathconf fprintf
    fputc fputs fputwc fputws fread free freeaddrinfo freeifaddrs freelocale fremovexattr freopen
    frexp frexpf frexpl fscanf fsconfig fseek fseeko fsetpos fsetxattr fsmount fsopen fspick fstat
    fstatat fstatvfs fsync ftell ftello ftok ftruncate ftrylockfile ftw funlockfile futimens fwide
    fwprintf fwrite fwscanf gai_strerror get_avphys_pages get_nprocs get_nprocs_conf
    get_phys_pages getaddrinfo getc getc_unlocked getchar getchar_unlocked getcwd getdate
    getdate_err getdelim getegid getentropy getenv geteuid getgid getgrent getgrgid getgrgid_r
    getgrnam getgrnam_r getgroups gethostbyaddr gethostbyname gethostent gethostid gethostname
    getifaddrs getitimer getline getlogin getlogin_r getmntent getnameinfo getnetbyaddr
    getnetbyname getnetent getopt getopt_long getopt_long_only getpeername getpgid getpgrp getpid
    getppid getpriority getprotobyname getprotobynumber getprotoent getpwent getpwnam getpwnam_r
    getpwuid getpwuid_r getrandom getrlimit getrusage getservbyname getservbyport getservent
    getsid getsockname getsockopt getsubopt gettimeofday getuid getutxent getutxid getutxline
    getwc getwchar getxattr glob globfree gmtime gmtime_r grantpt hasmntopt hcreate hdestroy
    hsearch htonl htons hypot hypotf hypotl iconv iconv_close iconv_open if_freenameindex
    if_indextoname if_nameindex if_nametoindex ilogb ilogbf ilogbl imaxabs imaxdiv in6addr_any
    in6addr_loopback inet_addr inet_lnaof inet_makeaddr inet_netof inet_network inet_ntoa
    inet_ntop inet_pton initstate inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
    insque ioctl isalnum isalnum_l isalpha isalpha_l isascii isatty isblank isblank_l iscntrl
    iscntrl_l isdigit isdigit_l isgraph isgraph_l islower islower_l isprint isprint_l ispunct
    ispunct_l isspace isspace_l isupper isupper_l iswalnum iswalnum_l iswalpha iswalpha_l iswblank
    iswblank_l iswcntrl iswcntrl_l iswctype iswctype_l iswdigit iswdigit_l iswgraph iswgraph_l
    iswlower iswlower_l iswprint iswprint_l iswpunct iswpunct_l iswspace iswspace_l iswupper
    iswupper_l iswxdigit iswxdigit_l isxdigit isxdigit_l j0 j1 jn jrand48 kill killpg l64a labs
    lchown lcong48 ldexp ldexpf ldexpl ldiv lfind lgamma lgammaf lgammal lgetxattr link linkat
    lio_listio listen listxattr llabs lldiv llistxattr llrint llrintf llrintl llround llroundf
    llroundl localeconv localtime localtime_r lockf log log10 log10f log10l log1p log1pf log1pl
    log2 log2f log2l logb logbf logbl logf logl longjmp lrand48 lremovexattr lrint lrintf lrintl
    lround lroundf lroundl lsearch lseek lsetxattr lstat mallinfo mallinfo2 malloc malloc_info
    malloc_stats malloc_trim malloc_usable_size mallopt mblen mbrlen mbrtoc16 mbrtoc32 mbrtowc
    mbsinit mbsnrtowcs mbsrtowcs mbstowcs mbtowc memalign memccpy memchr memcmp memcpy memmove
    memset mkdir mkdirat mkdtemp mkfifo mkfifoat mknod mknodat mkstemp mktime mlock mlockall mmap
    modf modff modfl mount mount_setattr move_mount mprotect mq_close mq_getattr mq_notify mq_open
    mq_receive mq_send mq_setattr mq_timedreceive mq_timedsend mq_unlink mrand48 msgctl msgget
    msgrcv msgsnd msync mtx_destroy mtx_init mtx_lock mtx_timedlock mtx_trylock mtx_unlock munlock
    munlockall munmap nan nanf nanl nanosleep nearbyint nearbyintf nearbyintl newlocale nextafter
    nextafterf nextafterl nexttoward nexttowardf nexttowardl nftw nice nl_langinfo nl_langinfo_l
    nrand48 ntohl ntohs open open_memstream open_tree open_wmemstream openat opendir openlog
    openpty optarg opterr optind optopt pathconf pause pclose perror pipe poll popen posix_fadvise
    posix_fallocate posix_madvise posix_memalign posix_openpt posix_spawn
    posix_spawn_file_actions_addclose posix_spawn_file_actions_adddup2
    posix_spawn_file_actions_addopen posix_spawn_file_actions_destroy
    posix_spawn_file_actions_init posix_spawnattr_destroy posix_spawnattr_getflags
    posix_spawnattr_getpgroup posix_spawnattr_getschedparam posix_spawnattr_getschedpolicy
    posix_spawnattr_getsigdefault posix_spawnattr_getsigmask posix_spawnattr_init
    posix_spawnattr_setflags posix_spawnattr_setpgroup posix_spawnattr_setschedparam
    posix_spawnattr_setschedpolicy posix_spawnattr_setsigdefault posix_spawnattr_setsigmask
    posix_spawnp pow powf powl prctl pread printf pselect psiginfo psignal pthread_atfork
    pthread_attr_destroy pthread_attr_getdetachstate pthread_attr_getguardsize
    pthread_attr_getinheritsched pthread_attr_getschedparam pthread_attr_getschedpolicy
    pthread_attr_getscope pthread_attr_getstack pthread_attr_getstackaddr
    pthread_attr_getstacksize pthread_attr_init pthread_attr_setdetachstate
    pthread_attr_setguardsize pthread_attr_setinheritsched pthread_attr_setschedparam
    pthread_attr_setschedpolicy pthread_attr_setscope pthread_attr_setstack
    pthread_attr_setstackaddr pthread_attr_setstacksize pthread_barrier_destroy
    pthread_barrier_init pthread_barrier_wait pthread_barrierattr_destroy
    pthread_barrierattr_getpshared pthread_barrierattr_init pthread_barrierattr_setpshared
    pthread_cancel pthread_cond_broadcast pthread_cond_destroy pthread_cond_init
    pthread_cond_signal pthread_cond_timedwait pthread_cond_wait pthread_condattr_destroy
    pthread_condattr_getclock pthread_condattr_getpshared pthread_condattr_init
    pthread_condattr_setclock pthread_condattr_setpshared pthread_create pthread_detach
    pthread_equal pthread_exit pthread_getattr_np pthread_getconcurrency pthread_getcpuclockid
    pthread_getschedparam
    pthread_getspecific pthread_join pthread_key_create pthread_key_delete pthread_kill
    pthread_mutex_consistent pthread_mutex_destroy pthread_mutex_getprioceiling pthread_mutex_init
    pthread_mutex_lock pthread_mutex_setprioceiling pthread_mutex_timedlock pthread_mutex_trylock
    pthread_mutex_unlock pthread_mutexattr_destroy pthread_mutexattr_getprioceiling
    pthread_mutexattr_getprotocol pthread_mutexattr_getpshared pthread_mutexattr_getrobust
    pthread_mutexattr_gettype pthread_mutexattr_init pthread_mutexattr_setprioceiling
    pthread_mutexattr_setprotocol pthread_mutexattr_setpshared pthread_mutexattr_setrobust
    pthread_mutexattr_settype pthread_once pthread_rwlock_destroy pthread_rwlock_init
    pthread_rwlock_rdlock pthread_rwlock_timedrdlock pthread_rwlock_timedwrlock
    pthread_rwlock_tryrdlock pthread_rwlock_trywrlock pthread_rwlock_unlock pthread_rwlock_wrlock
    pthread_rwlockattr_destroy pthread_rwlockattr_getkind_np pthread_rwlockattr_getpshared
    pthread_rwlockattr_init pthread_rwlockattr_setkind_np pthread_rwlockattr_setpshared
    pthread_self pthread_setcancelstate pthread_setcanceltype pthread_setconcurrency
    pthread_setname_np pthread_setschedparam pthread_setschedprio pthread_setspecific
    pthread_sigmask
    pthread_spin_destroy pthread_spin_init pthread_spin_lock pthread_spin_trylock
    pthread_spin_unlock pthread_testcancel ptrace ptsname putc putc_unlocked putchar
    putchar_unlocked putenv puts pututxline putwc putwchar pvalloc pwrite qsort quick_exit
    quotactl raise rand rand_r random re_syntax_options read readdir readdir_r readlink readlinkat
    readv realloc reallocarray realpath recv recvfrom recvmsg regcomp regerror regexec regfree
    remainder remainderf remainderl remove removexattr remque remquo remquof remquol rename
    renameat rewind rewinddir rint rintf rintl rmdir round roundf roundl scalbln scalblnf scalblnl
    scalbn scalbnf scalbnl scandir scanf sched_get_priority_max sched_get_priority_min
    sched_getaffinity sched_getparam sched_getscheduler sched_rr_get_interval sched_setparam
    sched_setscheduler
    sched_yield seed48 seekdir select sem_close sem_destroy sem_getvalue sem_init sem_open
    sem_post sem_timedwait sem_trywait sem_unlink sem_wait semctl semget semop send sendfile
    sendmsg sendto setbuf setegid setenv seteuid setfsgid setfsuid setgid setgrent sethostent
    setitimer setjmp setlocale setlogmask setmntent setnetent setpgid setpgrp setpriority
    setprotoent setpwent setregid setreuid setrlimit setservent setsid setsockopt setstate setuid
    setutxent setvbuf setxattr shm_open shm_unlink shmat shmctl shmdt shmget shutdown sigaction
    sigaddset sigaltstack sigdelset sigemptyset sigfillset sighold sigignore siginterrupt
    sigismember siglongjmp signal signalfd signgam sigpause sigpending sigprocmask sigqueue
    sigrelse sigset sigsuspend sigtimedwait sigwait sigwaitinfo sin sinf sinh sinhf sinhl sinl
    sleep snprintf sockatmark socket socketpair sprintf sqrt sqrtf sqrtl srand srand48 srandom
    sscanf stat statvfs stderr stdin stdout stpcpy stpncpy strcasecmp strcasecmp_l strcat strchr
    strcmp strcoll strcoll_l strcpy strcspn strdup strerror strerror_l strerror_r strfmon
    strfmon_l strftime strftime_l strlen strncasecmp strncasecmp_l strncat strncmp strncpy strndup
    strnlen strpbrk strptime strrchr strsignal strspn strstr strtod strtof strtoimax strtok
    strtok_r strtol strtold strtoll strtoul strtoull strtoumax strxfrm strxfrm_l swab swprintf
    swscanf symlink symlinkat sync syscall sysconf sysinfo syslog system tan tanf tanh tanhf tanhl
    tanl tcdrain tcflow tcflush tcgetattr tcgetpgrp tcgetsid tcsendbreak tcsetattr tcsetpgrp
    tdelete telldir tempnam tfind tgamma tgammaf tgammal thrd_create thrd_current thrd_detach
    thrd_equal thrd_exit thrd_join thrd_sleep thrd_yield time timegm timer_create timer_delete
    timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
    times timespec_get timezone tmpfile tmpnam toascii tolower tolower_l toupper toupper_l
    towctrans towctrans_l towlower towlower_l towupper towupper_l trunc truncate truncf truncl
    tsearch tss_create tss_delete tss_get tss_set ttyname ttyname_r twalk tzname tzset ulimit
    umask umount umount2 uname ungetc ungetwc unlink unlinkat unlockpt unsetenv uselocale utime
    utimensat utimes valloc vdprintf verr verrx vfprintf vfscanf vfwprintf vfwscanf vprintf vscanf
    vsnprintf vsprintf vsscanf vswprintf vswscanf vwarn vwarnx vwprintf vwscanf wait waitid
    waitpid warn warnx wcpcpy wcpncpy wcrtomb wcscasecmp wcscasecmp_l wcscat wcschr wcscmp wcscoll
    wcscoll_l wcscpy wcscspn wcsdup wcsftime wcslen wcsncasecmp wcsncasecmp_l wcsncat wcsncmp
    wcsncpy wcsnlen wcsnrtombs wcspbrk wcsrchr wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax
    wcstok wcstol wcstold wcstoll wcstombs wcstoul wcstoull wcstoumax wcswcs wcswidth wcsxfrm
    wcsxfrm_l wctob wctomb wctrans wctrans_l wctype wctype_l wcwidth wmemchr wmemcmp wmemcpy
    wmemmove wmemset wordexp wordfree wprintf write writev wscanf y0 y1 yn))
