// What a user's compiler sees of the installed package. Compiled by pack.mjs against the packed declarations.
import { HornetError, Sequential, dense, plotHistory, tensor, type DeviceTensor } from 'hornet';

const model: Sequential = new Sequential([dense(1, { inputShape: [2] })]);
const x: DeviceTensor = tensor([[1, 2]]);
model.compile({ optimizer: 'sgd', loss: 'mse' });
await plotHistory(await model.fit(x, tensor([[1]])), 'curves.svg');
console.log(new HornetError('consumer', 'compiled').message);
