# The loop that nothing marks, as programs are compiled.
target_compile_options(${target} PRIVATE -O2)
