# Checkpoints that the compiler puts in (docs/checkpoints.md).
include("${CMAKE_CURRENT_LIST_DIR}/preempt_compile.cmake")

# Makes each function of TARGET begin with a checkpoint on glibc's guard word, and with LOOPS each turn of a loop: the code
# can be preempted there with no change to its source. For C and C++ sources of executables and of libraries of every kind
# but INTERFACE, by GCC 12 or Clang 14 and newer, with ld.bfd, gold and lld. Call it after the sources' flags are set.
function(preempt_add_checkpoints target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "LOOPS" "" "")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "preempt_add_checkpoints: '${arg_UNPARSED_ARGUMENTS}' is not known; the only option is LOOPS.")
  endif()
  _preempt_check_compiled(preempt_add_checkpoints "${target}")
  get_target_property(done "${target}" PREEMPT_CHECKPOINTS)
  if(done)
    message(FATAL_ERROR "preempt_add_checkpoints: '${target}' has its checkpoints already; call it once, with LOOPS or "
      "without.")
  endif()
  set_target_properties("${target}" PROPERTIES PREEMPT_CHECKPOINTS ON)
  _preempt_refuse_split_stacks("${target}")
  _preempt_check_checkpoint_compiler()

  set(c_or_cxx "$<COMPILE_LANGUAGE:C,CXX>")
  target_compile_options("${target}" PRIVATE
    "$<${c_or_cxx}:-fsplit-stack>"
    # preempt_allocate_stack_space takes the space from the stack pointer, where GCC might keep arguments.
    "$<$<OR:$<COMPILE_LANG_AND_ID:C,GNU>,$<COMPILE_LANG_AND_ID:CXX,GNU>>:-mno-accumulate-outgoing-args>")
  if(arg_LOOPS)
    if(CMAKE_C_COMPILER_ID AND NOT CMAKE_C_COMPILER_ID STREQUAL CMAKE_CXX_COMPILER_ID)
      message(FATAL_ERROR "preempt_add_checkpoints: LOOPS is a plugin of one compiler, but C is compiled by "
        "${CMAKE_C_COMPILER_ID} and C++ by ${CMAKE_CXX_COMPILER_ID}.")
    endif()
    _preempt_build_loop_plugin(option)
    target_compile_options("${target}" PRIVATE "$<${c_or_cxx}:${option}>")
  endif()
  _preempt_set_launcher("${target}" checkpoints)
  _preempt_link_for_compiled("${target}")
  target_link_libraries("${target}" PRIVATE preempt::checkpoints)
endfunction()

# A project that uses libgcc's split stacks itself wants the guard word for a stack limit.
function(_preempt_refuse_split_stacks target)
  get_target_property(options "${target}" COMPILE_OPTIONS)
  get_target_property(link_options "${target}" LINK_OPTIONS)
  if("${options};${link_options};${CMAKE_C_FLAGS};${CMAKE_CXX_FLAGS};${CMAKE_EXE_LINKER_FLAGS}" MATCHES "-fsplit-stack")
    message(FATAL_ERROR "preempt_add_checkpoints: '${target}' is compiled or linked with -fsplit-stack already, for libgcc's "
      "split stacks: they and preempt use the same word of each thread. Remove the flag; fibers' stacks grow by themselves.")
  endif()
endfunction()

# Compiles a small program as targets will be and runs it with the guard word set: it counts the slow calls. Once for a
# build folder.
function(_preempt_check_checkpoint_compiler)
  if(NOT DEFINED CMAKE_CXX_COMPILER_ID)
    message(FATAL_ERROR "preempt_add_checkpoints: the project must enable the language CXX.")
  endif()
  if(PREEMPT_CHECKPOINTS_WORK)
    return()
  endif()
  set(tools "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiling")
  set(folder "${CMAKE_BINARY_DIR}/preempt_checkpoints")
  file(MAKE_DIRECTORY "${folder}")
  _preempt_compiler_command(compiler)
  separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS} -w")
  execute_process(
    COMMAND sh "${tools}/compile.sh" checkpoints "${CMAKE_OBJCOPY}" "${CMAKE_OBJDUMP}" ${compiler} ${flags} -O2 -fsplit-stack
      -c "${tools}/count_slow_calls.cpp" -o "${folder}/count_slow_calls.o"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    execute_process(
      COMMAND ${compiler} ${flags} "${folder}/count_slow_calls.o" -o "${folder}/count_slow_calls"
      RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  endif()
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "preempt_add_checkpoints: ${CMAKE_CXX_COMPILER} does not compile for split stacks (-fsplit-stack); "
      "GCC 12 and Clang 14 do:\n${output}")
  endif()
  if(NOT CMAKE_CROSSCOMPILING)
    execute_process(COMMAND "${folder}/count_slow_calls" RESULT_VARIABLE slow_calls)
    if(NOT slow_calls STREQUAL "3")
      message(FATAL_ERROR "preempt_add_checkpoints: ${CMAKE_CXX_COMPILER} ${CMAKE_CXX_FLAGS} compiles, but of 3 checkpoints "
        "${slow_calls} were met. Does a flag, as -flto, undo -fsplit-stack?")
    endif()
  endif()
  set(PREEMPT_CHECKPOINTS_WORK ON CACHE INTERNAL "-fsplit-stack makes checkpoints")
endfunction()

# The C++ compiler with what always comes behind it, as in CXX="ccache g++".
function(_preempt_compiler_command variable)
  separate_arguments(arguments NATIVE_COMMAND "${CMAKE_CXX_COMPILER_ARG1}")
  if(CMAKE_CXX_COMPILER_TARGET AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    list(APPEND arguments "--target=${CMAKE_CXX_COMPILER_TARGET}")
  endif()
  if(CMAKE_SYSROOT)
    list(APPEND arguments "--sysroot=${CMAKE_SYSROOT}")
  endif()
  set(${variable} "${CMAKE_CXX_COMPILER}" ${arguments} PARENT_SCOPE)
endfunction()

# The compiler's plugin for back-edges, made at configure time: it is loaded by the compiler, so the project's own flags
# are not for it. Sets VARIABLE to the option that loads it.
function(_preempt_build_loop_plugin variable)
  set(tools "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiling")
  _preempt_compiler_command(compiler)
  string(REGEX MATCH "^[0-9]+" major "${CMAKE_CXX_COMPILER_VERSION}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(kind gcc)
    set(option -fplugin)
    set(package "gcc-${major}-plugin-dev")
    execute_process(COMMAND ${compiler} -print-file-name=plugin
      OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
    set(headers "${folder}/include")
    set(wanted "gcc-plugin.h")
  else()
    set(kind clang)
    set(option -fpass-plugin)
    set(package "llvm-${major}-dev")
    execute_process(COMMAND ${compiler} -print-resource-dir
      OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
    get_filename_component(headers "${folder}/../../../include" ABSOLUTE)
    set(wanted "llvm/Passes/PassPlugin.h")
  endif()
  if(NOT EXISTS "${headers}/${wanted}")
    message(FATAL_ERROR "preempt_add_checkpoints: LOOPS is a plugin of the compiler, and ${headers}/${wanted} was not found. "
      "Install it (Debian: ${package}), or leave LOOPS out: functions keep their checkpoints.")
  endif()
  set(plugin "${CMAKE_BINARY_DIR}/preempt_checkpoints/${kind}_loops_${CMAKE_CXX_COMPILER_VERSION}.so")
  if("${tools}/${kind}_loops.cpp" IS_NEWER_THAN "${plugin}" OR "${tools}/loop_checkpoint.h" IS_NEWER_THAN "${plugin}")
    message(STATUS "preempt: making the compiler's plugin for loop checkpoints")
    execute_process(
      COMMAND ${compiler} -std=c++17 -shared -fPIC -fno-rtti -O1 -w "-I${headers}" "${tools}/${kind}_loops.cpp"
        -o "${plugin}"
      RESULT_VARIABLE result ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
      string(SUBSTRING "${output}" 0 2000 output)
      message(FATAL_ERROR "preempt_add_checkpoints: the plugin for LOOPS did not compile:\n${output}")
    endif()
  endif()
  set(${variable} "${option}=${plugin}" PARENT_SCOPE)
endfunction()
