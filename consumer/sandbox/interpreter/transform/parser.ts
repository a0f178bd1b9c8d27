import { type Options, Parser, type Program } from "acorn";

const options: Options = {
  ecmaVersion: "latest",
  allowAwaitOutsideFunction: true,
  allowReturnOutsideFunction: true,
  allowHashBang: true,
  preserveParens: true,
};

/** A list of names with constant-time lookup; the parser looks up each declared name. */
class Names {
  0: string | undefined;
  readonly #names = new Set<string>();
  push(name: string): void {
    this[0] ??= name;
    this.#names.add(name);
  }
  indexOf(name: string): number {
    return this.#names.has(name) ? 0 : -1;
  }
}

interface Scopes {
  enterScope(flags: number): void;
  currentScope(): Record<"lexical" | "var" | "functions", Names>;
}

/** Acorn with linear time in the length of the program, for any number of declared names. */
const LinearParser = Parser.extend((Base) => {
  const Open = Base as unknown as new (...values: never[]) => Scopes;
  return class extends Open {
    override enterScope(flags: number): void {
      super.enterScope(flags);
      const scope = this.currentScope();
      scope.lexical = new Names();
      scope.var = new Names();
      scope.functions = new Names();
    }
  } as unknown as typeof Parser;
});

export function parseProgram(text: string, sourceType: "script" | "module"): Program {
  return LinearParser.parse(text, { ...options, sourceType });
}
