// The Markdown form of a benchmark's results.

const time = (ms) => (ms < 1 ? `${(ms * 1000).toFixed(ms < 0.1 ? 1 : 0)} µs` : `${ms.toFixed(ms < 10 ? 2 : 1)} ms`);

/** One table per workload; ratios are to Hornet at one step per execution, above 1 means that Hornet is faster. */
export function markdown({ date, commit, machine, versions, rows }, workloads) {
  const { cpu, cores, threads, memoryGB, system, load } = machine;
  const lines = [
    `# Training and prediction, ${date}`,
    '',
    `${cpu}, ${cores} cores, ${threads} threads used, ${memoryGB} GB, ${system}; commit ${commit}; float32.`,
    `Load average before and after each workload: ${load.map((value) => value.toFixed(1)).join(', ')}; the benchmark is up to ${threads} of it.`,
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    'Medians of interleaved repetitions. `@50`: 50 steps per execution. “First step” is building, compiling and running it',
    '(with `@50`: 50 steps). “Losses” is the largest relative distance of the first 20 losses from Hornet’s. CPU time is',
    'that of all threads: on a busy machine it says more than the time that passed.',
  ];
  for (const workload of new Set(rows.map((row) => row.workload))) {
    const own = rows.filter((row) => row.workload === workload);
    const hornet = own[0];
    lines.push(
      '',
      `## ${workload}: ${workloads[workload].title}`,
      '',
      '| | fit, per step | ratio | its CPU time | predict_on_batch | ratio | first step | peak memory | losses |',
      '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
      ...own.map((row) =>
        [
          '',
          row.contender,
          time(row.stepMs),
          (row.stepMs / hornet.stepMs).toFixed(2),
          row.cpuMs === undefined ? '' : time(row.cpuMs),
          time(row.predictMs),
          (row.predictMs / hornet.predictMs).toFixed(2),
          time(row.compileMs),
          `${row.peakMB.toFixed(0)} MB`,
          row.lossDistance.toExponential(0),
          '',
        ]
          .join(' | ')
          .trim(),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}
