// Masking: what it sets to zero and which mask it gives.
import { getMask } from '../../lib/layers/mask.js';
import { masking } from '../../lib/layers/masking.js';
import { deserialize, serialize } from '../../lib/saving/serialize.js';
import { tensor, type DeviceTensor, type Tensor } from '../../lib/tensor.js';

const read = (x: Tensor | null): Promise<unknown> => (x as DeviceTensor).array();

test('steps of the mask value alone are masked and set to zero', async () => {
  const x = tensor([
    [
      [1, 2],
      [9, 9],
      [9, 3],
    ],
  ]);
  const y = masking({ maskValue: 9 })(x);
  expect(await read(y)).toEqual([
    [
      [1, 2],
      [0, 0],
      [9, 3],
    ],
  ]);
  expect(await read(getMask(y))).toEqual([[true, false, true]]);
});

test('comes back from its configuration', () => {
  const copy = deserialize(serialize(masking({ maskValue: 7 }))) as ReturnType<typeof masking>;
  expect(copy.maskValue).toBe(7);
});
