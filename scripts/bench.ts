/** `npm run bench`: the clean-up against other ways to delete. See `npm run bench -- --help`. */
import { CommanderError } from 'commander';

import { reportError } from '../src/commands/report-error.ts';
import { CASES } from './bench/cases.ts';
import { parseBenchOptions, type BenchOptions } from './bench/options.ts';
import { fillTables } from './bench/document.ts';
import { drawPlots } from './bench/plots/draw-plots.ts';
import { beginProfile, endProfile } from './bench/profile.ts';
import { addSeries, readResults } from './bench/results-file.ts';
import { openServers, type BenchServers } from './bench/servers.ts';
import { renderSeries } from './bench/summary.ts';
import {
  INTERRUPTED,
  listenForStop,
  StopRequested,
  unlessStopped,
} from './services/stop-request.ts';

function say(message: string): void {
  console.log(message);
}

/** A stop ends the servers at once, and with them whatever was being measured. */
async function measure(options: BenchOptions, stop: AbortSignal): Promise<void> {
  await using servers = await openServers(options.dataDirectory, {
    profile: options.profile !== undefined,
    say,
  });
  await unlessStopped(stop, measureCases(options, servers));
}

async function measureCases(options: BenchOptions, servers: BenchServers): Promise<void> {
  const { json, profile } = options;
  const [server] = await servers.execute<{ version: string }>('select version() as version');
  if (profile !== undefined) await beginProfile(servers);
  for (const benchCase of CASES) {
    if (!options.cases.includes(benchCase.name)) continue;
    say(`\n${benchCase.name}: ${benchCase.meaning}`);
    await benchCase.run({
      servers,
      options,
      say,
      keep: async (series) => {
        say(`\n${renderSeries(series)}\n`);
        if (json !== undefined) await addSeries(json, series, server?.version ?? 'unknown');
      },
    });
  }
  if (profile !== undefined) await endProfile(servers, profile);
}

async function main(args: readonly string[]): Promise<number> {
  const stop = listenForStop();
  try {
    const options = parseBenchOptions(args);
    if (!options.drawOnly) await measure(options, stop.signal);
    if (options.json !== undefined && options.plots !== undefined) {
      const files = await drawPlots(await readResults(options.json), options.plots);
      for (const file of files) say(`Drew ${file}`);
    }
    if (options.json !== undefined && options.tables !== undefined) {
      await fillTables(await readResults(options.json), options.tables);
      say(`Wrote the tables of ${options.tables}`);
    }
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof StopRequested) {
      console.error(error.message);
      return INTERRUPTED;
    }
    const { exitCode, message } = reportError(error);
    console.error(message);
    return exitCode;
  }
}

process.exitCode = await main(process.argv.slice(2));
