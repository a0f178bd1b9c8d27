import { define } from "../bridge.ts";

/**
 * The text of a function. Those of the prelude have forgotten theirs: a class among them is still shown as one,
 * because Node's console and util.inspect tell classes from functions by their text. Installed before anything
 * of the prelude is a global, so that the engine's own constructors are known.
 */
export function installFunctions(): void {
  const native = Function.prototype.toString;
  const ofEngine = new WeakSet<object>();
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value: unknown = Reflect.get(globalThis, name);
    if (typeof value === "function") ofEngine.add(value);
  }
  const isClass = (value: object): boolean => {
    const prototype = Object.getOwnPropertyDescriptor(value, "prototype");
    return prototype?.writable === false && !ofEngine.has(value);
  };
  define(Function.prototype, {
    toString(this: (...values: unknown[]) => unknown) {
      const text = native.call(this);
      if (!(text.startsWith("function ") && text.endsWith("[native code]\n}") && isClass(this)))
        return text;
      return `class ${this.name} { [native code] }`;
    },
  });
}
