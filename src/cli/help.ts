import type { Command } from 'commander';

import { didYouMean } from '../config/did-you-mean.ts';
import { EXIT, InputError } from './exit-code.ts';
import { renderAllSettings } from './help-text.ts';
import type { Invocation } from './invocation.ts';

/** Topic of the help that lists every setting. */
const SETTINGS_TOPIC = 'settings';

/** `session-cleanup help [command]`, and the same below a group of commands. */
export function addHelpCommand(parent: Command, { act, context }: Invocation): void {
  const isProgram = parent.parent === null;
  const command = parent
    .command('help')
    .summary(isProgram ? `show the help of a command, or of "${SETTINGS_TOPIC}"` : 'show the help')
    .description(
      'Shows the help of a command' +
        (isProgram ? `; "help ${SETTINGS_TOPIC}" lists all environment variables.` : '.'),
    )
    .argument('[command...]', 'the command');
  act(command, () => {
    const { args } = command;
    if (isProgram && args.length === 1 && args[0] === SETTINGS_TOPIC) {
      context.stdout.write(`${renderAllSettings()}\n`);
    } else {
      findCommand(parent, args).outputHelp();
    }
    return Promise.resolve(EXIT.done);
  });
}

function findCommand(parent: Command, names: readonly string[]): Command {
  const [name, ...rest] = names;
  if (name === undefined) return parent;
  const found = parent.commands.find((command) => command.name() === name);
  if (found !== undefined) return findCommand(found, rest);
  const known = parent.commands.map((command) => command.name());
  const meant = didYouMean(name, parent.parent === null ? [...known, SETTINGS_TOPIC] : known);
  throw new InputError(
    `unknown command ${JSON.stringify(name)}. ` +
      (meant === undefined ? `Known: ${known.join(', ')}.` : `Did you mean ${meant}?`),
  );
}
