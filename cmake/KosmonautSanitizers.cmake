# A sanitized build is sanitized as a whole: half of one reports nonsense.
if(KOSMONAUT_SANITIZE)
  add_compile_options(-fsanitize=${KOSMONAUT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KOSMONAUT_SANITIZE})
endif()
if(KOSMONAUT_SANITIZE MATCHES "thread")
  # GCC warns of fences, which ThreadSanitizer does not see: Boost.Asio has some, besides its locks.
  add_compile_options(-Wno-tsan)
endif()
