// runLayerTest for every layer: what all of them have in common. Numbers are compared with Keras's in test/vectors.
import { runLayerTest } from '../harness/run-layer-test.js';
import { layerCases } from './layer-cases.js';

test.each(layerCases)('%s', (_name, row) => runLayerTest(row));
