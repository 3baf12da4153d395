// Hashes of text as TensorFlow's (and thereby Keras's) are: FarmHash64's fingerprint and, with a key, SipHash-2-4. The
// same code hashes strings on the host and the decimal digits of integers on a device.
#pragma once

#include "device_fn.h"

namespace hornet::hash {

/// To the right, by 1 to 63 bits.
HORNET_DEVICE_FN uint64_t rotate(uint64_t x, int bits) { return x >> bits | x << (64 - bits); }

HORNET_DEVICE_FN uint64_t mixShift(uint64_t x) { return x ^ (x >> 47); }

HORNET_DEVICE_FN uint64_t word64(const uint8_t* text) {
  uint64_t word = 0;
  for (int i = 7; i >= 0; i--) word = word << 8 | text[i];
  return word;
}

HORNET_DEVICE_FN uint64_t word32(const uint8_t* text) {
  return uint64_t(text[0]) | uint64_t(text[1]) << 8 | uint64_t(text[2]) << 16 | uint64_t(text[3]) << 24;
}

inline constexpr uint64_t kFarm0 = 0xc3a5c85c97cb3127, kFarm1 = 0xb492b66fbe98f273, kFarm2 = 0x9ae16a3b2f90404f;

HORNET_DEVICE_FN uint64_t farmPair(uint64_t u, uint64_t v, uint64_t factor) {
  const uint64_t a = mixShift((u ^ v) * factor);
  return mixShift((v ^ a) * factor) * factor;
}

HORNET_DEVICE_FN uint64_t farmTo16(const uint8_t* text, uint64_t size) {
  const uint64_t factor = kFarm2 + size * 2;
  if (size >= 8) {
    const uint64_t a = word64(text) + kFarm2, b = word64(text + size - 8);
    return farmPair(rotate(b, 37) * factor + a, (rotate(a, 25) + b) * factor, factor);
  }
  if (size >= 4) return farmPair(size + (word32(text) << 3), word32(text + size - 4), factor);
  if (size == 0) return kFarm2;
  const uint64_t y = text[0] + (uint64_t(text[size / 2]) << 8), z = size + (uint64_t(text[size - 1]) << 2);
  return mixShift(y * kFarm2 ^ z * kFarm0) * kFarm2;
}

HORNET_DEVICE_FN uint64_t farmTo32(const uint8_t* text, uint64_t size) {
  const uint64_t factor = kFarm2 + size * 2, a = word64(text) * kFarm1, b = word64(text + 8);
  const uint64_t c = word64(text + size - 8) * factor, d = word64(text + size - 16) * kFarm2;
  return farmPair(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + kFarm2, 18) + c, factor);
}

HORNET_DEVICE_FN uint64_t farmTo64(const uint8_t* text, uint64_t size) {
  const uint64_t factor = kFarm2 + size * 2, a = word64(text) * kFarm2, b = word64(text + 8);
  const uint64_t c = word64(text + size - 8) * factor, d = word64(text + size - 16) * kFarm2;
  const uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d;
  const uint64_t z = farmPair(y, a + rotate(b + kFarm2, 18) + c, factor);
  const uint64_t e = word64(text + 16) * factor, f = word64(text + 24);
  const uint64_t g = (y + word64(text + size - 32)) * factor, h = (z + word64(text + size - 24)) * factor;
  return farmPair(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, factor);
}

struct FarmLane {
  uint64_t first = 0, second = 0;
};

HORNET_DEVICE_FN FarmLane farmLane(const uint8_t* text, uint64_t a, uint64_t b) {
  const uint64_t w = word64(text), z = word64(text + 24), start = a + w;
  const uint64_t sum = start + word64(text + 8) + word64(text + 16);
  return {sum + z, rotate(b + start + z, 21) + rotate(sum, 44) + start};
}

/// What a block of 64 bytes changes; the last block mixes with other factors.
struct FarmState {
  uint64_t x, y, z;
  FarmLane v, w;

  HORNET_DEVICE_FN void mix(const uint8_t* text, uint64_t factor, uint64_t weight) {
    x = rotate(x + y + v.first + word64(text + 8), 37) * factor;
    y = rotate(y + v.second + word64(text + 48), 42) * factor;
    x ^= w.second * weight;
    y += v.first * weight + word64(text + 40);
    z = rotate(z + w.first, 33) * factor;
    v = farmLane(text, v.second * factor, x + w.first);
    w = farmLane(text + 32, z + w.second, y + word64(text + 16));
    const uint64_t kept = z;
    z = x;
    x = kept;
  }
};

HORNET_DEVICE_FN uint64_t farmLong(const uint8_t* text, uint64_t size) {
  constexpr uint64_t seed = 81, start = seed * kFarm1 + 113;
  FarmState state{seed * kFarm2 + word64(text), start, mixShift(start * kFarm2 + 113) * kFarm2, {}, {}};
  const uint64_t rest = (size - 1) % 64;
  for (uint64_t at = 0; at + rest + 1 < size; at += 64) state.mix(text + at, kFarm1, 1);
  const uint64_t factor = kFarm1 + ((state.z & 0xff) << 1);
  state.w.first += rest;
  state.v.first += state.w.first;
  state.w.first += state.v.first;
  state.mix(text + size - 64, factor, 9);
  return farmPair(farmPair(state.v.first, state.w.first, factor) + mixShift(state.y) * kFarm0 + state.z,
                  farmPair(state.v.second, state.w.second, factor) + state.x, factor);
}

/// FarmHash64's fingerprint.
HORNET_DEVICE_FN uint64_t farm(const uint8_t* text, uint64_t size) {
  if (size <= 16) return farmTo16(text, size);
  if (size <= 32) return farmTo32(text, size);
  return size <= 64 ? farmTo64(text, size) : farmLong(text, size);
}

struct SipState {
  uint64_t a, b, c, d;

  HORNET_DEVICE_FN void rounds(int count) {
    for (int i = 0; i < count; i++) {
      a += b;
      c += d;
      b = rotate(b, 51) ^ a;
      d = rotate(d, 48) ^ c;
      a = rotate(a, 32);
      a += d;
      c += b;
      d = rotate(d, 43) ^ a;
      b = rotate(b, 47) ^ c;
      c = rotate(c, 32);
    }
  }
  HORNET_DEVICE_FN void absorb(uint64_t word) {
    d ^= word;
    rounds(2);
    a ^= word;
  }
};

/// SipHash-2-4.
HORNET_DEVICE_FN uint64_t sip(const uint8_t* text, uint64_t size, uint64_t key0, uint64_t key1) {
  SipState state{key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d, key0 ^ 0x6c7967656e657261,
                 key1 ^ 0x7465646279746573};
  uint64_t at = 0;
  for (; at + 8 <= size; at += 8) state.absorb(word64(text + at));
  uint64_t last = size << 56;
  for (uint64_t i = 0; at + i < size; i++) last |= uint64_t(text[at + i]) << (8 * i);
  state.absorb(last);
  state.c ^= 0xff;
  state.rounds(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

/// What makes the hashes of two features one.
HORNET_DEVICE_FN uint64_t combine(uint64_t a, uint64_t b) {
  constexpr uint64_t factor = 0xc6a4a7935bd1e995;
  const uint64_t both = (a ^ factor ^ mixShift(b * factor) * factor) * factor;
  return mixShift(mixShift(both) * factor);
}

/// The key of SipHash; without one the hash is FarmHash64's.
struct Key {
  bool isGiven = false;
  uint64_t first = 0, second = 0;
};

HORNET_DEVICE_FN uint64_t ofText(const uint8_t* text, uint64_t size, const Key& key) {
  return key.isGiven ? sip(text, size, key.first, key.second) : farm(text, size);
}

/// The hash of an integer's decimal digits.
HORNET_DEVICE_FN uint64_t ofDecimal(int64_t value, const Key& key) {
  uint8_t digits[20];
  int first = 20;
  uint64_t rest = value < 0 ? uint64_t(0) - uint64_t(value) : uint64_t(value);
  do {
    digits[--first] = uint8_t('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (value < 0) digits[--first] = '-';
  return ofText(digits + first, uint64_t(20 - first), key);
}

}  // namespace hornet::hash
