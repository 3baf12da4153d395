// Small utilities: batches in parts, symbolic tensors, names of dtypes, where messages go.
import { jest } from '@jest/globals';
import * as hornet from 'hornet';
import { dense, input, ops, setFloatx, tensor, utils } from 'hornet';

test('batches are packed and unpacked', () => {
  const { packXYSampleWeight: pack, unpackXYSampleWeight: unpack } = utils;
  expect([pack('x'), pack(['a', 'b']), pack('x', 'y'), pack('x', 'y', 'w')]).toEqual([
    'x',
    [['a', 'b']],
    ['x', 'y'],
    ['x', 'y', 'w'],
  ]);
  expect([unpack('x'), unpack(['x']), unpack(['x', 'y']), unpack(['x', 'y', 'w'])]).toEqual([
    ['x', null, null],
    ['x', null, null],
    ['x', 'y', null],
    ['x', 'y', 'w'],
  ]);
  expect(() => unpack([] as unknown as [1])).toThrow('[unpackXYSampleWeight] expected [x], [x, y]');
  expect(() => unpack([1, 2, 3, 4] as unknown as [1])).toThrow('received 4 parts');
});

test('symbolic tensors know their inputs', () => {
  const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
  const both = ops.add(ops.multiply(a, 2), dense(3)(ops.add(b, a)));
  expect(utils.getSourceInputs(both)).toEqual([a, b]);
  expect(utils.getSourceInputs(a)).toEqual([a]);
  expect([both, tensor([1]), 3].map(utils.isKerasTensor)).toEqual([true, false, false]);
});

test('dtypes have one name', () => {
  expect(['bool', 'int', 'float', null, 'float16'].map((name) => utils.standardizeDtype(name))).toEqual([
    'bool',
    'int32',
    'float32',
    'float32',
    'float16',
  ]);
  setFloatx('float64');
  expect(utils.standardizeDtype()).toBe('float64');
  setFloatx('float32');
  expect(() => utils.standardizeDtype('complex64')).toThrow('[standardizeDtype] expected dtype to be one of bool');
});

test('messages go to standard error where nobody watches', () => {
  const out = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const draw = (): void => {
    const bar = new utils.Progbar(2, { interval: 0 });
    bar.update(1, { values: { loss: 1 } });
    bar.update(2, { values: { loss: 3 } });
  };
  expect(hornet.isInteractiveLoggingEnabled()).toBe(true);
  draw();
  expect([out.mock.calls.length, err.mock.calls.length]).toEqual([3, 0]);
  hornet.disableInteractiveLogging();
  draw();
  expect([out.mock.calls.length, err.mock.calls.length]).toEqual([3, 1]);
  expect(err.mock.calls[0][0]).toMatch(/^2\/2 ━+ 0s .*\/step - loss: 2\.0000\n$/);
  hornet.enableInteractiveLogging();
  expect(hornet.isInteractiveLoggingEnabled()).toBe(true);
  out.mockRestore();
  err.mockRestore();
});
