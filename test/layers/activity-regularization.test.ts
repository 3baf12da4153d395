// ActivityRegularization: the inputs as they are, and a loss.
import { activityRegularization } from '../../lib/layers/activity-regularization.js';
import { tensor, type DeviceTensor } from '../../lib/tensor.js';

test('adds the penalty per sample to the losses', async () => {
  const layer = activityRegularization({ l1: 0.5, l2: 2 });
  const y = layer([
    [1, -2],
    [0, 3],
  ]) as DeviceTensor;
  expect(await y.numbers()).toEqual([1, -2, 0, 3]);
  expect(layer.losses).toHaveLength(1);
  expect(await (layer.losses[0] as DeviceTensor).item()).toBeCloseTo((0.5 * 6 + 2 * 14) / 2, 5);
});

test('its configuration has the factors, not the regularizer', () => {
  const config = activityRegularization({ l1: 0.5 }).getConfig();
  expect(config).toMatchObject({ l1: 0.5, l2: 0 });
  expect(config).not.toHaveProperty('activityRegularizer');
  expect(() => activityRegularization({ l1: -1 })).toThrow('l1');
  expect(activityRegularization()(tensor([1, 2])).shape).toEqual([2]);
});
