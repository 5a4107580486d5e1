/** `npm run bench`: the clean-up against other ways to delete. See `npm run bench -- --help`. */
import { CASES, measureCase } from './bench/cases.ts';
import { parseBenchOptions, type BenchOptions } from './bench/options.ts';
import { drawPlots } from './bench/plots.ts';
import { beginProfile, endProfile } from './bench/profile.ts';
import { fillTables, renderSeries } from './bench/report.ts';
import { addSeries, readResults } from './bench/results.ts';
import { openServers, type BenchServers } from './bench/servers.ts';
import { runScript } from './options.ts';
import { listenForStop, unlessStopped } from './services/stop-request.ts';

const log = console.log;

await runScript(async () => {
  const stop = listenForStop();
  const options = parseBenchOptions(process.argv.slice(2));
  const { json, plots, tables, drawOnly } = options;
  if (!drawOnly) await measure(options, stop.signal);
  if (json === undefined) return;
  const results = await readResults(json);
  if (plots !== undefined) {
    for (const file of await drawPlots(results, plots)) log(`Drew ${file}`);
  }
  if (tables !== undefined) {
    await fillTables(results, tables);
    log(`Wrote the tables of ${tables}`);
  }
});

/** A stop request ends the servers at once, and the running measurement with them. */
async function measure(options: BenchOptions, stop: AbortSignal): Promise<void> {
  await using servers = await openServers(options, log);
  await unlessStopped(stop, measureCases(options, servers));
}

async function measureCases(options: BenchOptions, servers: BenchServers): Promise<void> {
  const { json, profile } = options;
  if (profile !== undefined) await beginProfile(servers);
  for (const benchCase of CASES.filter(({ name }) => options.case.includes(name))) {
    log(`\n${benchCase.name}: ${benchCase.meaning}`);
    await measureCase(benchCase, servers, options, log, async (series) => {
      log(`\n${renderSeries(series)}\n`);
      if (json !== undefined) await addSeries(json, series, servers.version);
    });
  }
  if (profile !== undefined) await endProfile(servers, profile);
}
