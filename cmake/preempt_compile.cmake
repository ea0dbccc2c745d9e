# What preempt_add_checkpoints() and preempt_signal_safe() have in common: they change how a target is compiled.

# Stops, in FUNCTION's name, unless TARGET is compiled by this project and without link-time optimisation.
function(_preempt_check_compiled function target)
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "${function}: there is no target '${target}'.")
  endif()
  get_target_property(aliased "${target}" ALIASED_TARGET)
  get_target_property(imported "${target}" IMPORTED)
  get_target_property(type "${target}" TYPE)
  if(aliased)
    message(FATAL_ERROR "${function}: '${target}' is another name of '${aliased}'; name that.")
  endif()
  if(imported)
    message(FATAL_ERROR "${function}: '${target}' is IMPORTED, so it is compiled already. Name a target that this project "
      "compiles.")
  endif()
  if(NOT type MATCHES "^(EXECUTABLE|STATIC_LIBRARY|SHARED_LIBRARY|MODULE_LIBRARY|OBJECT_LIBRARY)$")
    message(FATAL_ERROR "${function}: '${target}' is of type ${type}, which compiles nothing. Name the targets that use it.")
  endif()
  if(NOT CMAKE_GENERATOR MATCHES "Ninja|Makefiles")
    message(FATAL_ERROR "${function}: the generator '${CMAKE_GENERATOR}' has no compiler launchers; use Ninja or Unix "
      "Makefiles.")
  endif()
  if(NOT CMAKE_OBJCOPY OR NOT CMAKE_OBJDUMP)
    message(FATAL_ERROR "${function}: objcopy or objdump was not found. Install them (Debian: binutils).")
  endif()
  _preempt_refuse_lto("${function}" "${target}")
endfunction()

function(_preempt_refuse_lto function target)
  get_target_property(options "${target}" COMPILE_OPTIONS)
  get_target_property(lto "${target}" INTERPROCEDURAL_OPTIMIZATION)
  if(CMAKE_BUILD_TYPE)
    string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
    get_target_property(lto_of_config "${target}" INTERPROCEDURAL_OPTIMIZATION_${config})
  endif()
  if(lto OR lto_of_config OR "${options};${CMAKE_C_FLAGS};${CMAKE_CXX_FLAGS}" MATCHES "(^|[; ])-flto($|[=; ])")
    message(FATAL_ERROR "${function}: link-time optimisation drops every checkpoint and every mark; compile '${target}' "
      "without -flto and INTERPROCEDURAL_OPTIMIZATION.")
  endif()
endfunction()

# The sources of TARGET are compiled by way of compiling/compile.sh, which then works on the object, as MODE says.
function(_preempt_set_launcher target mode)
  foreach(language C CXX)
    # Outside any launcher that is set already, which may be a cache.
    set(launcher sh "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compiling/compile.sh" ${mode} "${CMAKE_OBJCOPY}" "${CMAKE_OBJDUMP}")
    get_target_property(further "${target}" ${language}_COMPILER_LAUNCHER)
    if(further)
      list(APPEND launcher ${further})
    endif()
    set_target_properties("${target}" PROPERTIES ${language}_COMPILER_LAUNCHER "${launcher}")
  endforeach()
endfunction()

# Symbols that the program has, also where the project asks the linker to refuse them. Not otherwise: gold does not know the
# option, and needs none.
function(_preempt_allow_undefined target)
  get_target_property(options "${target}" LINK_OPTIONS)
  if("${options};${CMAKE_SHARED_LINKER_FLAGS};${CMAKE_MODULE_LINKER_FLAGS}" MATCHES "-z[ ,;]*defs|--no-undefined")
    target_link_options("${target}" PRIVATE LINKER:-z,undefs)
  endif()
endfunction()

# A shared object beside a static preempt takes it from the program: there is one for a process.
function(_preempt_link_for_compiled target)
  get_target_property(type "${target}" TYPE)
  get_target_property(preempt_type preempt::preempt TYPE)
  if(type MATCHES "^(SHARED_LIBRARY|MODULE_LIBRARY)$" AND preempt_type STREQUAL "STATIC_LIBRARY")
    _preempt_allow_undefined("${target}")
    target_include_directories("${target}" PRIVATE
      "$<TARGET_PROPERTY:preempt::preempt,INTERFACE_INCLUDE_DIRECTORIES>")
  elseif(type MATCHES "^(STATIC_LIBRARY|OBJECT_LIBRARY)$")
    target_link_libraries("${target}" PUBLIC preempt::preempt)
  else()
    target_link_libraries("${target}" PRIVATE preempt::preempt)
  endif()
endfunction()
