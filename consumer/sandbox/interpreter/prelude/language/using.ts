import { define } from "../bridge.ts";

type Disposal = () => unknown;

class SuppressedError extends Error {
  readonly error: unknown;
  readonly suppressed: unknown;
  constructor(error: unknown, suppressed: unknown, message = "") {
    super(message);
    Object.defineProperty(this, "name", { value: "SuppressedError", configurable: true });
    this.error = error;
    this.suppressed = suppressed;
  }
}

/** How a value is disposed of, or null where it is null or undefined. */
function disposalOf(value: unknown, isAsync: boolean): Disposal | null {
  if (value === null || value === undefined) return null;
  const asynchronous = isAsync ? Reflect.get(Object(value), Symbol.asyncDispose) : undefined;
  const method: unknown = asynchronous ?? Reflect.get(Object(value), Symbol.dispose);
  if (typeof method === "function") return () => method.call(value);
  throw new TypeError(
    isAsync
      ? "Symbol(Symbol.asyncDispose) is not a function"
      : "Symbol(Symbol.dispose) is not a function",
  );
}

/** What one block has to dispose of at its end; see transform/using.ts. */
export class UsingScope {
  readonly #disposals: Disposal[] = [];
  #failure: { error: unknown } | null = null;

  add<T>(isAsync: boolean, value: T): T {
    const disposal = disposalOf(value, isAsync);
    if (disposal !== null) this.#disposals.push(disposal);
    return value;
  }
  defer(disposal: Disposal): void {
    this.#disposals.push(disposal);
  }
  take(): Disposal[] {
    return this.#disposals.splice(0);
  }
  fail(error: unknown): void {
    this.#failure = {
      error: this.#failure ? new SuppressedError(error, this.#failure.error) : error,
    };
  }
  end(isAsync: boolean): unknown {
    if (isAsync) return this.#endLater();
    for (let next = this.#disposals.pop(); next; next = this.#disposals.pop()) {
      try {
        next();
      } catch (error) {
        this.fail(error);
      }
    }
    if (this.#failure) throw this.#failure.error;
    return undefined;
  }
  async #endLater(): Promise<void> {
    for (let next = this.#disposals.pop(); next; next = this.#disposals.pop()) {
      try {
        await next();
      } catch (error) {
        this.fail(error);
      }
    }
    if (this.#failure) throw this.#failure.error;
  }
}

function stackClass(isAsync: boolean): unknown {
  const end = isAsync ? "disposeAsync" : "dispose";
  class Stack {
    #scope = new UsingScope();
    disposed = false;
    #open(): UsingScope {
      if (this.disposed) throw new ReferenceError(`Cannot add values to a disposed stack!`);
      return this.#scope;
    }
    use<T>(value: T): T {
      return this.#open().add(isAsync, value);
    }
    adopt<T>(value: T, dispose: (value: T) => unknown): T {
      this.#open().defer(() => dispose(value));
      return value;
    }
    defer(dispose: Disposal): void {
      this.#open().defer(dispose);
    }
    move(): Stack {
      const successor = new Stack();
      for (const disposal of this.#open().take()) successor.defer(disposal);
      this.disposed = true;
      return successor;
    }
    [end](): unknown {
      if (this.disposed) return isAsync ? Promise.resolve() : undefined;
      this.disposed = true;
      return this.#scope.end(isAsync);
    }
    [isAsync ? Symbol.asyncDispose : Symbol.dispose](): unknown {
      return (this as unknown as Record<string, Disposal>)[end]?.();
    }
    get [Symbol.toStringTag](): string {
      return isAsync ? "AsyncDisposableStack" : "DisposableStack";
    }
  }
  Object.defineProperty(Stack, "name", {
    value: isAsync ? "AsyncDisposableStack" : "DisposableStack",
  });
  return Stack;
}

export function installUsing(): void {
  for (const name of ["dispose", "asyncDispose"]) {
    if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
  }
  const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
  Object.defineProperty(iteratorPrototype, Symbol.dispose, {
    value: {
      [Symbol.dispose](this: Partial<Iterator<unknown>>) {
        this.return?.();
      },
    }[Symbol.dispose],
    writable: true,
    configurable: true,
  });
  define(globalThis, {
    SuppressedError,
    DisposableStack: stackClass(false),
    AsyncDisposableStack: stackClass(true),
  });
}
