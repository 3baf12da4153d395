// Hornet on one workload: hornet.ts CONTENDER WORKLOAD, driven by run.mjs with one command per line, as rivals.py is.
// `hornet@50` is fit with 50 steps per execution.
import { createInterface } from 'node:readline';
import { currentDevice } from 'hornet';
import { largeCommands } from './large.js';
import { operationCommands } from './operations.js';
import { smallCommands } from './small.js';
import { anyWorkload } from './workloads.js';

/** What run.mjs asks for, with what it may say behind the name. */
export type Commands = Record<string, (argument: string) => Promise<object>>;

const [contender = 'hornet', name = 'C1'] = process.argv.slice(2);
const stepsPerExecution = Number(contender.split('@')[1] ?? 1);
const work = anyWorkload(name);

const commands: Commands = {
  ...('layers' in work
    ? smallCommands(work, stepsPerExecution)
    : 'network' in work
      ? largeCommands(work, stepsPerExecution)
      : operationCommands(work)),
  end() {
    const device = currentDevice();
    const { library, level, threads } = device.info();
    const own = device.kind === 'cpu' ? `${library}, ${level}, ${threads} threads` : `${library}, ${level}`;
    return Promise.resolve({
      peakMB: process.resourceUsage().maxRSS / 1024,
      deviceMB: device.kind === 'cpu' ? null : device.memory().peakBytes / 2 ** 20,
      versions: { node: process.versions.node, hornet: own },
    });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument = ''] = line.trim().split(' ');
  console.log(JSON.stringify(await commands[command](argument)));
}
