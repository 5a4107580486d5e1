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
import { EXAMPLE, recordExample } from './record-history/example.ts';
import { openLaboratory } from './record-history/laboratory.ts';
import { EVENTS_BEFORE_NEW, SCENARIOS } from './record-history/scenarios.ts';
import type { Scenario } from './record-history/starting.ts';
import { writeHistory } from './record-history/write-history.ts';

const asked = process.argv.slice(2);
const known = [...Object.keys(SCENARIOS), EXAMPLE];
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such scenario: ${unknown.join(', ')}. Known are ${known.join(', ')}.`);
  process.exit(2);
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (asked.length === 0 || asked.includes(name)) await record(name, scenario);
}

if (asked.includes(EXAMPLE)) {
  await using laboratory = await openLaboratory();
  for await (const [file, events] of recordExample(laboratory)) {
    console.log(`${file}: ${events} events`);
  }
}

async function record(name: string, scenario: Scenario): Promise<void> {
  await using laboratory = await openLaboratory({ eventsBeforeNew: EVENTS_BEFORE_NEW[name] });
  const runs = [await scenario(laboratory)].flat();
  for (const [index, run] of runs.entries()) {
    const file = runs.length === 1 ? name : `${name}-${index + 1}`;
    const events = await writeHistory(file, run);
    console.log(`${file}: ${events} events`);
  }
}
