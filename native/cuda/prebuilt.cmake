# From prebuilt.txt: for each .cu file that it names a translation unit with the entries of its kernels, and the table of
# all of them. Lines are `file | instance | threads`; see DeviceKernel.
# Run with -D LIST=… -D SOURCES=… -D OUT=…
cmake_minimum_required(VERSION 3.20)

file(STRINGS ${LIST} lines REGEX "^[^#]")
set(files "")
set(table "")
set(number 0)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^(.+) \\| (.+) \\| ([0-9]+)$" matched "${line}")
  set(file ${CMAKE_MATCH_1})
  set(instance "${CMAKE_MATCH_2}")
  set(threads ${CMAKE_MATCH_3})
  string(MAKE_C_IDENTIFIER ${file} stem)
  if(NOT file IN_LIST files)
    list(APPEND files ${file})
    set(text_${stem} "#include \"${SOURCES}/${file}\"
namespace hornet {
template <class Args>
Args argumentOf(void (*)(const Args&));
")
  endif()
  string(APPEND text_${stem} "extern \"C\" __global__ void __launch_bounds__(${threads})
hornet_prebuilt_${number}(const __grid_constant__ decltype(argumentOf(&${instance})) args) {
  ${instance}(args);
}
")
  string(APPEND table "    {\"${file}|${instance}|${threads}\", \"hornet_prebuilt_${number}\", image_${stem}},\n")
  math(EXPR number "${number} + 1")
endforeach()

set(images "")
foreach(file IN LISTS files)
  string(MAKE_C_IDENTIFIER ${file} stem)
  file(CONFIGURE OUTPUT ${OUT}/${stem}.cu CONTENT "${text_${stem}}}\n" @ONLY)
  string(APPEND images "extern \"C\" const char image_${stem}[];
asm(\".pushsection .rodata\\n.balign 64\\nimage_${stem}:\\n.incbin \\\"${OUT}/${stem}.fatbin\\\"\\n.popsection\");
")
endforeach()
file(CONFIGURE OUTPUT ${OUT}/prebuilt.cpp CONTENT "// Written by prebuilt.cmake.
#include \"${SOURCES}/prebuilt.h\"

${images}
namespace hornet::cuda {
namespace {

constexpr PrebuiltKernel kKernels[] = {
${table}};

}  // namespace

std::span<const PrebuiltKernel> prebuiltKernels() { return kKernels; }

}  // namespace hornet::cuda
" @ONLY)
