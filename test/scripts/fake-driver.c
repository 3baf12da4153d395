/* A driver for CUDA 12.4 with one GPU on which nothing can run: for tests of what is said where libraries are missing. */
#include <string.h>

int cuInit(unsigned flags) { return flags != 0; }

int cuDriverGetVersion(int* version) {
  *version = 12040;
  return 0;
}

int cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}

int cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}

int cuDeviceGetName(char* name, int size, int device) {
  strncpy(name, device == 0 ? "Fake GPU" : "?", size);
  return 0;
}

int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  *bytes = 8000000000u + device;
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  *value = attribute == 75 ? 9 + device : 0; /* the major compute capability */
  return 0;
}

int cuGetErrorString(int error, const char** text) {
  *text = error ? "an error" : "no error";
  return 0;
}
