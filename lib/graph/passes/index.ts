// The pipeline: which passes run, in which order, each verified.
import { bodiesOf, Node, type Graph } from '../ir.js';
import { rewrite } from '../rewrite.js';
import { verify } from '../verify.js';
import { fuseBiasGradients } from './bias-gradient.js';
import { mergePadding } from './conv-padding.js';
import { eliminateCommonSubexpressions } from './cse.js';
import { eliminateDeadCode } from './dce.js';
import { fuseEpilogues } from './epilogue.js';
import { fuseElementwise } from './fuse.js';
import { hoistInvariants } from './hoist.js';
import { fuseNormEpilogues } from './norm-epilogue.js';
import { shrinkPoolGradients } from './pool-gradient.js';
import { simplify } from './simplify.js';
import { unrollShortLoops } from './unroll.js';

const pipeline = [
  eliminateDeadCode,
  simplify,
  unrollShortLoops,
  hoistInvariants,
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
  optimizeBodies,
];

/** Optimizes a graph; the result computes the same values. */
export function optimize(graph: Graph): Graph {
  return pipeline.reduce((current, pass) => {
    const next = pass(current);
    verify(next, pass.name);
    return next;
  }, graph);
}

/** What loops and branches run goes through the same passes. */
function optimizeBodies(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, add) => {
    const bodies = bodiesOf(node);
    if (bodies.length === 0) return null;
    return add(new Node(node.op, inputs, { ...node.attrs, bodies: bodies.map(optimize) }, node.outputs));
  });
}
