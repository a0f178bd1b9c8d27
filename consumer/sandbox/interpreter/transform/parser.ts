import { type Options, Parser, type Program } from "acorn";

const options: Options = {
  ecmaVersion: "latest",
  allowAwaitOutsideFunction: true,
  allowReturnOutsideFunction: true,
  allowHashBang: true,
  preserveParens: true,
};

/** A list of names that is looked through in one step; the parser asks for each name that is declared. */
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

/** Acorn, whose time grows with the length of the program, however many names it declares. */
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
