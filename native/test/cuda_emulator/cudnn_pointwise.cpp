// The meaning of pointwise modes, in double.
#include "cudnn_pointwise.h"

#include <cmath>
#include <limits>

namespace emulated::dnn {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// NaN stays NaN.
double larger(double a, double b) { return a > b || a != a ? a : b; }
double smaller(double a, double b) { return a < b || a != a ? a : b; }

double normalDensity(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI); }
double normalShare(double x) { return 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }

struct Parameters {
  double lower, upper, slope, elu, softplus, swish;
};

Parameters parametersOf(const Descriptor& mode) {
  const double infinity = std::numeric_limits<double>::infinity();
  return {mode.number(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, 0),
          mode.number(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, infinity),
          mode.number(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, 0),
          mode.number(CUDNN_ATTR_POINTWISE_ELU_ALPHA, 1),
          mode.number(CUDNN_ATTR_POINTWISE_SOFTPLUS_BETA, 1),
          mode.number(CUDNN_ATTR_POINTWISE_SWISH_BETA, 1)};
}

double relu(const Parameters& p, double x) {
  if (x < p.lower) return p.lower + p.slope * (x - p.lower);
  return x > p.upper ? p.upper : x;
}

double geluTanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

}  // namespace

int operandsOf(const Descriptor& mode) {
  switch (mode.value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE)) {
    case CUDNN_POINTWISE_ADD:
    case CUDNN_POINTWISE_ADD_SQUARE:
    case CUDNN_POINTWISE_DIV:
    case CUDNN_POINTWISE_MAX:
    case CUDNN_POINTWISE_MIN:
    case CUDNN_POINTWISE_MUL:
    case CUDNN_POINTWISE_POW:
    case CUDNN_POINTWISE_SUB:
    case CUDNN_POINTWISE_CMP_EQ:
    case CUDNN_POINTWISE_CMP_NEQ:
    case CUDNN_POINTWISE_CMP_GT:
    case CUDNN_POINTWISE_CMP_GE:
    case CUDNN_POINTWISE_CMP_LT:
    case CUDNN_POINTWISE_CMP_LE:
    case CUDNN_POINTWISE_LOGICAL_AND:
    case CUDNN_POINTWISE_LOGICAL_OR:
    case CUDNN_POINTWISE_RELU_BWD:
    case CUDNN_POINTWISE_TANH_BWD:
    case CUDNN_POINTWISE_SIGMOID_BWD:
    case CUDNN_POINTWISE_GELU_BWD:
      return 2;
    case CUDNN_POINTWISE_BINARY_SELECT:
      return 3;
    case CUDNN_POINTWISE_ABS:
    case CUDNN_POINTWISE_CEIL:
    case CUDNN_POINTWISE_COS:
    case CUDNN_POINTWISE_EXP:
    case CUDNN_POINTWISE_FLOOR:
    case CUDNN_POINTWISE_LOG:
    case CUDNN_POINTWISE_NEG:
    case CUDNN_POINTWISE_RSQRT:
    case CUDNN_POINTWISE_SIN:
    case CUDNN_POINTWISE_SQRT:
    case CUDNN_POINTWISE_TAN:
    case CUDNN_POINTWISE_ERF:
    case CUDNN_POINTWISE_GEN_INDEX:
    case CUDNN_POINTWISE_IDENTITY:
    case CUDNN_POINTWISE_RECIPROCAL:
    case CUDNN_POINTWISE_LOGICAL_NOT:
    case CUDNN_POINTWISE_RELU_FWD:
    case CUDNN_POINTWISE_TANH_FWD:
    case CUDNN_POINTWISE_SIGMOID_FWD:
    case CUDNN_POINTWISE_ELU_FWD:
    case CUDNN_POINTWISE_GELU_FWD:
    case CUDNN_POINTWISE_SOFTPLUS_FWD:
    case CUDNN_POINTWISE_SWISH_FWD:
    case CUDNN_POINTWISE_GELU_APPROX_TANH_FWD:
      return 1;
    default:
      return 0;
  }
}

double pointwise(const Descriptor& mode, double x, double b, double t) {
  const Parameters p = parametersOf(mode);
  switch (mode.value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE)) {
    case CUDNN_POINTWISE_ADD:
      return x + b;
    case CUDNN_POINTWISE_ADD_SQUARE:
      return x + b * b;
    case CUDNN_POINTWISE_DIV:
      return x / b;
    case CUDNN_POINTWISE_MAX:
      return larger(x, b);
    case CUDNN_POINTWISE_MIN:
      return smaller(x, b);
    case CUDNN_POINTWISE_MUL:
      return x * b;
    case CUDNN_POINTWISE_POW:
      return std::pow(x, b);
    case CUDNN_POINTWISE_SUB:
      return x - b;
    case CUDNN_POINTWISE_CMP_EQ:
      return x == b;
    case CUDNN_POINTWISE_CMP_NEQ:
      return x != b;
    case CUDNN_POINTWISE_CMP_GT:
      return x > b;
    case CUDNN_POINTWISE_CMP_GE:
      return x >= b;
    case CUDNN_POINTWISE_CMP_LT:
      return x < b;
    case CUDNN_POINTWISE_CMP_LE:
      return x <= b;
    case CUDNN_POINTWISE_LOGICAL_AND:
      return x != 0 && b != 0;
    case CUDNN_POINTWISE_LOGICAL_OR:
      return x != 0 || b != 0;
    case CUDNN_POINTWISE_LOGICAL_NOT:
      return x == 0;
    case CUDNN_POINTWISE_BINARY_SELECT:
      return t != 0 ? x : b;
    case CUDNN_POINTWISE_ABS:
      return std::fabs(x);
    case CUDNN_POINTWISE_CEIL:
      return std::ceil(x);
    case CUDNN_POINTWISE_COS:
      return std::cos(x);
    case CUDNN_POINTWISE_EXP:
      return std::exp(x);
    case CUDNN_POINTWISE_FLOOR:
      return std::floor(x);
    case CUDNN_POINTWISE_LOG:
      return std::log(x);
    case CUDNN_POINTWISE_NEG:
      return -x;
    case CUDNN_POINTWISE_RSQRT:
      return 1 / std::sqrt(x);
    case CUDNN_POINTWISE_SIN:
      return std::sin(x);
    case CUDNN_POINTWISE_SQRT:
      return std::sqrt(x);
    case CUDNN_POINTWISE_TAN:
      return std::tan(x);
    case CUDNN_POINTWISE_ERF:
      return std::erf(x);
    case CUDNN_POINTWISE_RECIPROCAL:
      return 1 / x;
    case CUDNN_POINTWISE_RELU_FWD:
      return relu(p, x);
    case CUDNN_POINTWISE_TANH_FWD:
      return std::tanh(x);
    case CUDNN_POINTWISE_SIGMOID_FWD:
      return sigmoid(x);
    case CUDNN_POINTWISE_ELU_FWD:
      return x > 0 ? x : p.elu * std::expm1(x);
    case CUDNN_POINTWISE_GELU_FWD:
      return x * normalShare(x);
    case CUDNN_POINTWISE_SOFTPLUS_FWD:
      return std::log1p(std::exp(p.softplus * x)) / p.softplus;
    case CUDNN_POINTWISE_SWISH_FWD:
      return x * sigmoid(p.swish * x);
    case CUDNN_POINTWISE_GELU_APPROX_TANH_FWD:
      return geluTanh(x);
    // Going backward b is dy.
    case CUDNN_POINTWISE_RELU_BWD:
      return x > p.lower && x < p.upper ? b : p.slope * b;
    case CUDNN_POINTWISE_TANH_BWD:
      return b * (1 - std::tanh(x) * std::tanh(x));
    case CUDNN_POINTWISE_SIGMOID_BWD:
      return b * sigmoid(x) * (1 - sigmoid(x));
    case CUDNN_POINTWISE_GELU_BWD:
      return b * (normalShare(x) + x * normalDensity(x));
    default:
      return x;
  }
}

}  // namespace emulated::dnn
