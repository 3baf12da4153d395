// The Markdown form of a benchmark's results.

const time = (ms) => {
  if (ms === undefined) return '';
  return ms < 1 ? `${(ms * 1000).toFixed(ms < 0.1 ? 1 : 0)} µs` : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
};
const ratio = (own, other) => (own === undefined || other === undefined ? '' : (own / other).toFixed(2));
const megabytes = (value) => (value === undefined ? '' : `${value.toFixed(0)} MB`);
const exponential = (value) => (value === undefined ? '' : value.toExponential(0));

/** What a step amounts to, in the unit in which such work is talked about. */
function rate({ operation, size, network, batchSize }, ms) {
  if (ms === undefined) return '';
  if (operation === 'matmul') return `${((2 * size ** 3) / ms / 1e9).toPrecision(4)} TFLOP/s`;
  if (operation === 'chain') return `${((8 * size) / ms / 1e6).toPrecision(4)} GB/s`;
  return network ? `${((batchSize * 1000) / ms).toPrecision(4)} samples/s` : '';
}

const single = (row) => (typeof row.predictMs === 'number' ? row.predictMs : undefined);
const bySize = (row, text) =>
  typeof row.predictMs === 'object'
    ? Object.entries(row.predictMs)
        .map(([size, ms]) => text(size, ms))
        .join(', ')
    : '';

/** Title and text of each column, for a row beside the first one of its workload. Empty columns are left out. */
const columns = [
  ['', (row) => row.contender],
  ['per step', (row) => time(row.stepMs)],
  ['ratio', (row, first) => ratio(row.stepMs, first.stepMs)],
  ['rate', (row, _first, work) => rate(work, row.stepMs)],
  ['its CPU time', (row) => time(row.cpuMs)],
  ['predict_on_batch', (row) => time(single(row))],
  ['ratio', (row, first) => ratio(single(row), single(first))],
  ['prediction by batch', (row) => bySize(row, (size, ms) => `${size}: ${time(ms)}`)],
  ['ratios', (row, first) => bySize(row, (size, ms) => ratio(ms, first.predictMs?.[size]))],
  ['first step', (row) => time(row.compileMs)],
  ['peak memory', (row) => megabytes(row.peakMB)],
  ['on the device', (row) => megabytes(row.deviceMB)],
  ['losses', (row) => exponential(row.lossDistance)],
];

function table(rows, work) {
  const measured = rows.filter(({ error }) => !error);
  const kept = columns
    .map(([title, text]) => [title, measured.map((row) => text(row, rows[0], work))])
    .filter(([, texts]) => texts.some((text) => text !== ''));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const failed = rows.filter(({ error }) => error);
  return [
    line(kept.map(([title]) => title)),
    `|${kept.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`,
    ...measured.map((_, i) => line(kept.map(([, texts]) => texts[i]))),
    ...failed.map(({ contender, error }) => `\n${contender} failed: ${error.trim().split('\n').at(-1)}`),
  ];
}

/** One table per workload; ratios are to Hornet at one step per execution, above 1 means that Hornet is faster. */
export function markdown({ date, commit, machine, versions, rows }, workloads) {
  const { cpu, cores, threads, memoryGB, system, load, gpu } = machine;
  const place = gpu ? `${gpu}; ${cpu}, ${cores} cores` : `${cpu}, ${cores} cores, ${threads} threads used`;
  const lines = [
    `# Training and prediction, ${date}`,
    '',
    `${place}, ${memoryGB} GB, ${system}; commit ${commit}; float32 where nothing else is said.`,
    `Load average before and after each workload: ${load.map((value) => value.toFixed(1)).join(', ')}; the benchmark is up to ${threads} of it.`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    'Medians of interleaved repetitions. `@50`: 50 steps per execution. “First step” is building, compiling and running it',
    '(with `@50`: 50 steps); of large networks all contenders compile side by side. “Losses” is the largest relative',
    'distance of the first 20 losses (of predictions and operations: of 20 results) from Hornet’s. CPU time is that of all',
    'threads: on a busy machine it says more than the time that passed.',
  ];
  for (const workload of new Set(rows.map((row) => row.workload))) {
    const own = rows.filter((row) => row.workload === workload);
    lines.push('', `## ${workload}: ${workloads[workload].title}`, '', ...table(own, workloads[workload]));
  }
  return `${lines.join('\n')}\n`;
}
