// Connectionist temporal classification: the loss of a labelling with its gradient, and the search for labellings. Both
// work on logarithms of probabilities [T, C] of C classes, one of them blank, at T times.
#pragma once

#include <cmath>
#include <limits>

#include "batch.h"

namespace hornet {

inline constexpr double kImpossible = -std::numeric_limits<double>::infinity();

/// log(e^a + e^b).
HORNET_DEVICE_FN double logAdd(double a, double b) {
  const double larger = a > b ? a : b, smaller = a > b ? b : a;
  return larger == kImpossible ? kImpossible : larger + std::log1p(std::exp(smaller - larger));
}

/// Inputs: probabilities, labels [N], their count, the count of times. Outputs: the loss, and its gradient [T, C] for
/// the logarithms of probabilities; zeros where the labels cannot be emitted in that time and the loss is infinite.
struct CtcLoss : Algorithm {
  static constexpr const char* kName = "CtcLoss";
  static constexpr const char* kAttributes[3] = {"blank"};
  static constexpr const char* kFault = "expected labels to be classes, received ";

  /// Logarithms of the probability of all ways to each state at each time, of those from a state on at two times, and
  /// the place after each label where it stands again.
  HORNET_DEVICE_FN static int64_t scratch(const Problem& problem) {
    const int64_t labels = problem.inputSizes[1];
    return (problem.m + 2) * (2 * labels + 1) + labels;
  }

  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    const Sequence sequence(problem);
    double* gradient = problem.out<double>(1);
    for (int64_t i = team.thread(); i < problem.m * problem.n; i += team.threads()) gradient[i] = 0;
    for (int64_t i = 0; i < sequence.count; i++) {
      const int64_t label = sequence.labels[i];
      if (label >= 0 && label < problem.n) continue;
      team.fault(label);
      return;
    }
    const double likelihood = forward(team, sequence);
    if (team.thread() == 0) problem.out<double>(0)[0] = -likelihood;
    if (likelihood > kImpossible) backward(team, sequence, likelihood, gradient);
    team.sync();
  }

 private:
  /// The states of a labelling are its labels with a blank before, between and after them: odd states are labels.
  struct Sequence {
    HORNET_DEVICE_FN explicit Sequence(const Problem& problem)
        : logits(problem.in<double>(0)),
          labels(problem.in<int32_t>(1)),
          count(within(problem.in<int32_t>(2)[0], problem.inputSizes[1])),
          times(within(problem.in<int32_t>(3)[0], problem.m)),
          classes(problem.n),
          blank(problem.options[0]),
          states(2 * count + 1),
          ways(problem.scratch),
          rest(ways + problem.m * states),
          again(rest + 2 * states) {}

    HORNET_DEVICE_FN static int64_t within(int64_t value, int64_t most) {
      return value < 0 ? 0 : value > most ? most : value;
    }
    HORNET_DEVICE_FN int64_t classOf(int64_t state) const { return state % 2 == 1 ? labels[state / 2] : blank; }
    HORNET_DEVICE_FN double at(int64_t time, int64_t state) const { return logits[time * classes + classOf(state)]; }
    /// Whether a state may follow the one two before: the blank between two labels that differ may be left away.
    HORNET_DEVICE_FN bool skips(int64_t state) const {
      return state % 2 == 1 && state > 1 && labels[state / 2] != labels[state / 2 - 1];
    }

    const double* logits;
    const int32_t* labels;
    int64_t count, times, classes, blank, states;
    double *ways, *rest, *again;
  };

  template <class Team>
  HORNET_TEAM_FN double forward(const Team& team, const Sequence& q) {
    if (q.times == 0) return q.count == 0 ? 0.0 : kImpossible;
    for (int64_t t = 0; t < q.times; t++) {
      const double* before = q.ways + (t - 1) * q.states;
      for (int64_t s = team.thread(); s < q.states; s += team.threads()) {
        double sum = t == 0 ? (s < 2 ? 0.0 : kImpossible) : before[s];
        if (t > 0 && s > 0) sum = logAdd(sum, before[s - 1]);
        if (t > 0 && q.skips(s)) sum = logAdd(sum, before[s - 2]);
        q.ways[t * q.states + s] = sum + q.at(t, s);
      }
      team.sync();
    }
    const double* last = q.ways + (q.times - 1) * q.states;
    return q.states > 1 ? logAdd(last[q.states - 1], last[q.states - 2]) : last[0];
  }

  /// The gradient of a class at a time is minus the probability of all ways that pass through it there.
  template <class Team>
  HORNET_TEAM_FN void backward(const Team& team, const Sequence& q, double likelihood, double* gradient) {
    linkLabels(team, q);
    for (int64_t t = q.times; t-- > 0;) {
      double *after = q.rest + (t + 1) % 2 * q.states, *rest = q.rest + t % 2 * q.states;
      for (int64_t s = team.thread(); s < q.states; s += team.threads()) {
        if (t == q.times - 1) {
          rest[s] = s + 2 >= q.states ? 0.0 : kImpossible;
          continue;
        }
        double sum = after[s] + q.at(t + 1, s);
        if (s + 1 < q.states) sum = logAdd(sum, after[s + 1] + q.at(t + 1, s + 1));
        if (s + 2 < q.states && q.skips(s + 2)) sum = logAdd(sum, after[s + 2] + q.at(t + 1, s + 2));
        rest[s] = sum;
      }
      team.sync();
      const double* ways = q.ways + t * q.states;
      double* row = gradient + t * q.classes;
      double blanks = 0;
      for (int64_t s = team.thread(); s < q.states; s += team.threads()) {
        if (q.classOf(s) == q.blank) blanks += std::exp(ways[s] + rest[s] - likelihood);
      }
      blanks = team.sum(blanks);
      if (team.thread() == 0) row[q.blank] = -blanks;
      // Each label sums up all places of its own, from its first one on: no two threads write one number.
      for (int64_t i = team.thread(); i < q.count; i += team.threads()) {
        if (q.again[i] < 0 || q.labels[i] == q.blank) continue;
        double sum = 0;
        for (int64_t k = i; k < q.count; k = nextOf(q, k))
          sum += std::exp(ways[2 * k + 1] + rest[2 * k + 1] - likelihood);
        row[q.labels[i]] = -sum;
      }
    }
  }

  /// `again`: one more than the next place of the same label, the count where there is none; negative where it is not
  /// the first of its kind.
  template <class Team>
  HORNET_TEAM_FN void linkLabels(const Team& team, const Sequence& q) {
    for (int64_t i = team.thread(); i < q.count; i += team.threads()) {
      int64_t next = i + 1;
      while (next < q.count && q.labels[next] != q.labels[i]) next++;
      bool isFirst = true;
      for (int64_t k = 0; k < i; k++) isFirst = isFirst && q.labels[k] != q.labels[i];
      q.again[i] = double(isFirst ? next + 1 : -(next + 1));
    }
    team.sync();
  }

  HORNET_DEVICE_FN static int64_t nextOf(const Sequence& q, int64_t place) {
    const int64_t link = int64_t(q.again[place]);
    return (link < 0 ? -link : link) - 1;
  }
};

/// Searches the labellings of greatest probability, `width` at a time. Inputs: probabilities, the count of times.
/// Outputs: the best labellings [P, T], filled up with -1, and the logarithms of their probabilities [P].
struct CtcBeamSearch : Algorithm {
  static constexpr const char* kName = "CtcBeamSearch";
  static constexpr const char* kAttributes[3] = {"blank", "width"};

  HORNET_DEVICE_FN static int64_t scratch(const Problem& problem) {
    const int64_t width = problem.options[1];
    return (2 * width + 1) * kBeamDoubles + (problem.m * width + 1) * kNodeDoubles;
  }

  /// One thread does it all: each step depends on the order of all candidates.
  template <class Team>
  HORNET_TEAM_FN void solve(const Team& team, const Problem& problem) {
    if (team.thread() == 0) Search(problem).run(problem);
  }

 private:
  /// A labelling on the way: its node, and the logarithms of the probability of its ways that end with a blank, or with
  /// a label.
  struct Beam {
    double blank, label, total;
    int32_t node, parent, labelOf, isNew;
  };
  /// A labelling as the last label and the node of the ones before; children of a node are linked.
  struct Node {
    int32_t parent, label, child, sibling, beam, unused;
  };
  static constexpr int64_t kBeamDoubles = sizeof(Beam) / sizeof(double), kNodeDoubles = sizeof(Node) / sizeof(double);
  static_assert(sizeof(Beam) % sizeof(double) == 0 && sizeof(Node) % sizeof(double) == 0);

  class Search {
   public:
    HORNET_DEVICE_FN explicit Search(const Problem& problem)
        : classes_(problem.n),
          width_(problem.options[1]),
          blank_(problem.options[0]),
          beams_(reinterpret_cast<Beam*>(problem.scratch)),
          chosen_(beams_ + width_),
          nodes_(reinterpret_cast<Node*>(chosen_ + width_ + 1)) {}

    HORNET_DEVICE_FN void run(const Problem& problem) {
      nodes_[0] = {-1, -1, -1, -1, 0, 0};
      beams_[0] = {0, kImpossible, 0, 0, -1, -1, 0};
      nodeCount_ = count_ = 1;
      const int64_t length = problem.in<int32_t>(1)[0], times = length < problem.m ? length : problem.m;
      for (int64_t t = 0; t < times; t++) step(problem.in<double>(0) + t * classes_);
      write(problem);
    }

   private:
    HORNET_DEVICE_FN void step(const double* logits) {
      chosenCount_ = 0;
      for (int64_t b = 0; b < count_; b++) propose(stay(beams_[b], logits));
      for (int64_t b = 0; b < count_; b++) {
        for (int64_t c = 0; c < classes_; c++) {
          if (c != blank_ && !isBeam(beams_[b].node, c)) propose(extend(beams_[b], int32_t(c), logits));
        }
      }
      for (int64_t b = 0; b < count_; b++) nodes_[beams_[b].node].beam = -1;
      for (int64_t b = 0; b < chosenCount_; b++) {
        Beam& beam = chosen_[b];
        if (beam.isNew != 0) beam.node = nodeOf(beam.parent, beam.labelOf);
        nodes_[beam.node].beam = int32_t(b);
        beams_[b] = beam;
      }
      count_ = chosenCount_;
    }

    /// The same labelling after one more time: by a blank, by its last label again, or by that label after its parent.
    HORNET_DEVICE_FN Beam stay(const Beam& beam, const double* logits) const {
      const Node& node = nodes_[beam.node];
      const double blank = beam.total + logits[blank_];
      double label = kImpossible;
      if (node.parent >= 0) {
        label = beam.label + logits[node.label];
        const int32_t parent = nodes_[node.parent].beam;
        if (parent >= 0) label = logAdd(label, extend(beams_[parent], node.label, logits).label);
      }
      return {blank, label, logAdd(blank, label), beam.node, node.parent, node.label, 0};
    }

    /// One more label. After the same label only ways that end with a blank count.
    HORNET_DEVICE_FN Beam extend(const Beam& beam, int32_t label, const double* logits) const {
      const double score = (nodes_[beam.node].label == label ? beam.blank : beam.total) + logits[label];
      return {kImpossible, score, score, -1, beam.node, label, 1};
    }

    /// Keeps a candidate if it is among the best; of equals the first.
    HORNET_DEVICE_FN void propose(const Beam& candidate) {
      if (!(candidate.total > kImpossible)) return;
      if (chosenCount_ == width_ && !(candidate.total > chosen_[width_ - 1].total)) return;
      int64_t place = chosenCount_ < width_ ? chosenCount_++ : width_ - 1;
      for (; place > 0 && candidate.total > chosen_[place - 1].total; place--) chosen_[place] = chosen_[place - 1];
      chosen_[place] = candidate;
    }

    HORNET_DEVICE_FN int32_t childOf(int32_t parent, int64_t label) const {
      int32_t child = nodes_[parent].child;
      while (child >= 0 && nodes_[child].label != label) child = nodes_[child].sibling;
      return child;
    }
    HORNET_DEVICE_FN bool isBeam(int32_t parent, int64_t label) const {
      const int32_t child = childOf(parent, label);
      return child >= 0 && nodes_[child].beam >= 0;
    }
    HORNET_DEVICE_FN int32_t nodeOf(int32_t parent, int32_t label) {
      const int32_t known = childOf(parent, label);
      if (known >= 0) return known;
      nodes_[nodeCount_] = {parent, label, -1, nodes_[parent].child, -1, 0};
      return nodes_[parent].child = nodeCount_++;
    }

    HORNET_DEVICE_FN void write(const Problem& problem) const {
      const int64_t times = problem.m, paths = problem.outputSizes[1];
      int32_t* labels = problem.out<int32_t>(0);
      for (int64_t p = 0; p < paths; p++) {
        problem.out<double>(1)[p] = p < count_ ? beams_[p].total : kImpossible;
        int64_t length = 0;
        for (int32_t node = p < count_ ? beams_[p].node : 0; node > 0; node = nodes_[node].parent) length++;
        for (int64_t i = length; i < times; i++) labels[p * times + i] = -1;
        for (int32_t node = p < count_ ? beams_[p].node : 0; node > 0; node = nodes_[node].parent) {
          labels[p * times + --length] = nodes_[node].label;
        }
      }
    }

    int64_t classes_, width_, blank_;
    Beam *beams_, *chosen_;
    Node* nodes_;
    int64_t count_ = 0, chosenCount_ = 0;
    int32_t nodeCount_ = 0;
  };
};

}  // namespace hornet
