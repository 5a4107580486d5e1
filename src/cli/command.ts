import type { Client } from '@temporalio/client';
import type { Command, Option } from 'commander';

import type { ConfigWithoutDatabase } from '../config/load-config.ts';
import { readTemporalConfig, withClient, type CommandContext, type Invocation } from './context.ts';
import { EXIT, type ExitCode } from './errors.ts';
import { addHelpCommand, addHelpSections, type HelpSections } from './help.ts';
import { createPaint, type Paint } from './rendering/terminal.ts';

/** Adds a command, or a group of commands, to its parent. */
export type AddCommand = (parent: Command, invocation: Invocation) => void;

/** What a command prints: `json` with `--json`, else `text`. */
export interface Outcome {
  readonly json: unknown;
  readonly text: (paint: Paint) => string;
  /** Exit code 1 instead of 0. */
  readonly hasFailed?: boolean;
}

/** One call of a command. */
export interface Call<Options> {
  readonly context: CommandContext;
  readonly options: Options;
  /** The argument, if given. */
  readonly argument: string | undefined;
}

/** A command, its help included; its action gets `Given` besides the call. */
export interface CommandSpec<Options, Given = object> extends HelpSections {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly argument?: readonly [name: string, meaning: string];
  readonly options?: readonly Option[];
  /** Checks the options together, before any connection. @throws InputError */
  readonly validate?: (options: Options) => void;
  /** False: the command prints no result. */
  readonly json?: false;
  readonly run: (call: Call<Options> & Given) => Promise<Outcome | ExitCode>;
}

/** What a command that needs only Temporal gets. */
export interface OnTemporal {
  readonly client: Client;
  readonly config: ConfigWithoutDatabase;
}

/** Declares a command. */
export function defineCommand<Options extends object = object>(
  spec: CommandSpec<Options>,
): AddCommand {
  return (parent, { context, act }) => {
    const command = parent.command(spec.name).summary(spec.summary).description(spec.description);
    if (spec.argument !== undefined) command.argument(...spec.argument);
    for (const option of spec.options ?? []) command.addOption(option);
    if (spec.json !== false) command.option('--json', 'print the result as one JSON document');
    addHelpSections(command, spec);
    act(command, async () => {
      const options = command.opts<Options>();
      spec.validate?.(options);
      const outcome = await spec.run({ context, options, argument: command.args[0] });
      if (typeof outcome === 'number') return outcome;
      const text =
        command.opts<{ readonly json?: true }>().json === true
          ? JSON.stringify(outcome.json, undefined, 2)
          : outcome.text(createPaint(context.stdout, context.environment)).trimEnd();
      context.stdout.write(`${text}\n`);
      return outcome.hasFailed === true ? EXIT.failed : EXIT.done;
    });
  };
}

/** Declares a command that needs only Temporal: reads its settings and connects. */
export function defineTemporalCommand<Options extends object = object>(
  spec: CommandSpec<Options, OnTemporal>,
): AddCommand {
  return defineCommand<Options>({
    ...spec,
    temporal: true,
    run: async (call) => {
      const { config, temporal } = readTemporalConfig(call.context);
      return await withClient(
        temporal,
        async (client) => await spec.run({ ...call, client, config }),
      );
    },
  });
}

/** Declares a group: commands below a common name. */
export function defineGroup(
  group: { readonly name: string; readonly summary: string; readonly description: string },
  commands: readonly AddCommand[],
): AddCommand {
  return (parent, invocation) => {
    const command = parent
      .command(group.name)
      .helpCommand(false)
      .summary(group.summary)
      .description(group.description);
    for (const add of commands) add(command, invocation);
    addHelpCommand(command, invocation);
  };
}
