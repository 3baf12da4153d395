// Options of optimizers: what limits nothing, what is never, what is refused.
import { ops, tensor, Variable } from 'hornet';
import * as optimizers from '../../lib/optimizers/index.js';

test.each(['clipnorm', 'clipvalue', 'globalClipnorm'])('a %s that is not positive clips nothing', async (name) => {
  const variable = new Variable(ops.ones([2]));
  new optimizers.SGD({ learningRate: 0.5, [name]: -1 }).apply([tensor([1, -2])], [variable]);
  expect(await variable.value.numbers()).toEqual([0.5, 2]);
});

test('frequencies of 0 are never; that of the average counts only with an average', () => {
  expect(() => new optimizers.Adam({ useEma: true, emaOverwriteFrequency: 0 })).not.toThrow();
  expect(() => new optimizers.Adam({ emaOverwriteFrequency: -2, gradientAccumulationSteps: 0 })).not.toThrow();
  expect(() => new optimizers.Adam({ useEma: true, emaOverwriteFrequency: -2 })).toThrow(/at least 1, received -2/);
});

test('wrong options are errors in the user’s words', () => {
  expect(() => new optimizers.SGD({ learningRate: '0.1' as never })).toThrow(/expected learningRate to be a number/);
  expect(() => new optimizers.Lion({ beta1: 0 })).toThrow(/expected beta1 to be above 0 and at most 1, received 0/);
});
