// The pipeline: which passes run, in which order, each verified.
import type { Graph } from '../ir.js';
import { verify } from '../verify.js';
import { fuseBiasGradients } from './bias-gradient.js';
import { mergePadding } from './conv-padding.js';
import { eliminateCommonSubexpressions } from './cse.js';
import { eliminateDeadCode } from './dce.js';
import { fuseEpilogues } from './epilogue.js';
import { fuseElementwise } from './fuse.js';
import { fuseNormEpilogues } from './norm-epilogue.js';
import { shrinkPoolGradients } from './pool-gradient.js';
import { simplify } from './simplify.js';

const pipeline = [
  eliminateDeadCode,
  simplify,
  simplify,
  eliminateCommonSubexpressions,
  shrinkPoolGradients,
  mergePadding,
  eliminateDeadCode,
  fuseEpilogues,
  fuseNormEpilogues,
  fuseBiasGradients,
  eliminateDeadCode,
  fuseElementwise,
  eliminateDeadCode,
];

/** Optimizes a graph; the result computes the same values. */
export function optimize(graph: Graph): Graph {
  return pipeline.reduce((current, pass) => {
    const next = pass(current);
    verify(next, pass.name);
    return next;
  }, graph);
}
