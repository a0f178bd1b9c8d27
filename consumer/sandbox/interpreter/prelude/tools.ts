import { define } from "./bridge.ts";
import { callHost } from "./pending.ts";

/** Every permitted tool is a global async function that takes one object. */
export function defineTools(names: string[]): void {
  for (const name of names) {
    const tool = {
      async [name](input: unknown = {}): Promise<unknown> {
        if (typeof input !== "object" || input === null || Array.isArray(input)) {
          throw new TypeError(`${name} takes one object, as in ${name}({ … }).`);
        }
        const { value } = await callHost(["tool", name, JSON.stringify(input)]);
        return value === "" ? undefined : JSON.parse(String(value));
      },
    };
    define(globalThis, { [name]: tool[name] });
  }
}
