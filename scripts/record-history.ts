/**
 * Records the histories that `npm run replay` replays, from a real server, worker and database:
 *
 *   npm run record-history                 all of them
 *   npm run record-history -- cancelled    some of them, by name
 *
 * By its name only: `patched-change`, the example in docs/changing-the-workflow.md.
 *
 * To be run when a run can go a new way. Histories of released versions stay as they are: they stand
 * for the runs that are under way when the next version is deployed.
 */
import { Argument } from 'commander';

import { runScript, scriptCommand } from './options.ts';
import { EXAMPLE, recordExample } from './record-history/example.ts';
import { openLaboratory } from './record-history/laboratory.ts';
import { EVENTS_BEFORE_NEW, SCENARIOS } from './record-history/scenarios.ts';
import type { Scenario } from './record-history/starting.ts';
import { writeHistory } from './record-history/write-history.ts';

await runScript(async () => {
  const usual = Object.keys(SCENARIOS);
  const names = [...usual, EXAMPLE];
  const command = scriptCommand('npm run record-history --')
    .description('Records the histories that "npm run replay" replays.')
    .addArgument(new Argument('[name...]', 'which ones').choices(names).default(usual, 'all'))
    .parse(process.argv.slice(2), { from: 'user' });
  const asked: readonly string[] = command.processedArgs[0];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (asked.includes(name)) await record(name, scenario);
  }
  if (asked.includes(EXAMPLE)) {
    await using laboratory = await openLaboratory();
    for await (const [file, events] of recordExample(laboratory)) {
      console.log(`${file}: ${events} events`);
    }
  }
});

async function record(name: string, scenario: Scenario): Promise<void> {
  await using laboratory = await openLaboratory({ eventsBeforeNew: EVENTS_BEFORE_NEW[name] });
  const runs = [await scenario(laboratory)].flat();
  for (const [index, run] of runs.entries()) {
    const file = runs.length === 1 ? name : `${name}-${index + 1}`;
    const events = await writeHistory(file, run);
    console.log(`${file}: ${events} events`);
  }
}
