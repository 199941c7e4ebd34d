# embed.cmake - writes the profiles of FOLDER as a C table (symbols/profile.h) to OUTPUT.
# A string literal has a limit in ISO C and an array of a few megabytes takes seconds to compile:
# the assembler takes the bytes in.
file(GLOB files ${FOLDER}/*.json)

# One row: where the profile sorts, "@", and its line of the table.
function(add_profile file number)
  file(READ ${file} json)
  file(SIZE ${file} length)
  # What identifies it comes before the bulk (keys are sorted), and is quick to parse alone.
  string(FIND "${json}" ",\n  \"symbols\": " end)
  if(end EQUAL -1)
    message(FATAL_ERROR "${file}: expected a profile in canonical form, found no \"symbols\"")
  endif()
  string(SUBSTRING "${json}" 0 ${end} head)
  set(head "${head}}")
  foreach(key name arch)
    string(JSON ${key} GET "${head}" ${key})
  endforeach()
  foreach(key build revision)
    string(JSON type TYPE "${head}" ${key})
    set(${key} -1)
    if(type STREQUAL "NUMBER")
      string(JSON ${key} GET "${head}" ${key})
    endif()
    math(EXPR sort_${key} "10000000001 + ${${key}}")
  endforeach()
  set(guid "")
  set(age 0)
  string(JSON type TYPE "${head}" pdb)
  if(type STREQUAL "OBJECT")
    string(JSON guid GET "${head}" pdb guid)
    string(JSON age GET "${head}" pdb age)
  endif()
  string(CONCAT row
    "${sort_build} ${sort_revision} ${name}@"
    "{\"${name}\", \"${arch}\", \"${guid}\", ${age}, ${build}, ${revision}, "
    "profile_${number}, ${length}}")
  set(rows ${rows} "${row}" PARENT_SCOPE)
endfunction()

set(rows "")
set(bytes "")
set(count 0)
foreach(file IN LISTS files)
  add_profile(${file} ${count})
  string(APPEND bytes
    "extern const char profile_${count}[] __attribute__((visibility(\"hidden\")));\n"
    "__asm__(\".pushsection .rodata\\n.globl profile_${count}\\n\"\n"
    "        \"profile_${count}:\\n.incbin \\\"${file}\\\"\\n.byte 0\\n.popsection\\n\");\n")
  math(EXPR count "${count} + 1")
endforeach()

list(SORT rows)
set(table "")
foreach(row IN LISTS rows)
  string(REGEX REPLACE "^[^@]*@" "" row "${row}")
  string(APPEND table "    ${row},\n")
endforeach()
file(WRITE ${OUTPUT}
  "/* Made by embed.cmake. */\n#include \"symbols/profile.h\"\n\n${bytes}\n"
  "const struct builtin_profile builtin_profiles[] = {\n${table}    {0},\n};\n"
  "const size_t builtin_profile_count = ${count};\n")
