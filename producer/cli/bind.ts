import type { ExitCode } from "./exit.ts";
import type { Session } from "./session.ts";

/**
 * Turns a command's function into a commander action. Commander passes the arguments, the options and the
 * command; the function gets a session first and no command.
 */
export type Bind = <A extends unknown[]>(
  run: (session: Session, ...args: A) => Promise<ExitCode>,
) => (...args: unknown[]) => Promise<void>;
