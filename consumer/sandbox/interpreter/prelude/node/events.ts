type Listener = (...values: unknown[]) => void;

/** node:events, as far as programs use it. */
export class EventEmitter {
  readonly #listeners = new Map<PropertyKey, Listener[]>();

  on(name: PropertyKey, listener: Listener): this {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return this;
  }
  addListener(name: PropertyKey, listener: Listener): this {
    return this.on(name, listener);
  }
  prependListener(name: PropertyKey, listener: Listener): this {
    this.#listeners.set(name, [listener, ...(this.#listeners.get(name) ?? [])]);
    return this;
  }
  once(name: PropertyKey, listener: Listener): this {
    const wrapped = (...values: unknown[]): void => {
      this.off(name, wrapped);
      listener.apply(this, values);
    };
    return this.on(name, Object.assign(wrapped, { listener }));
  }
  off(name: PropertyKey, listener: Listener): this {
    const list = this.#listeners.get(name) ?? [];
    const at = list.findLastIndex(
      (one) => one === listener || Reflect.get(one, "listener") === listener,
    );
    this.#listeners.set(name, at < 0 ? list : list.toSpliced(at, 1));
    return this;
  }
  removeListener(name: PropertyKey, listener: Listener): this {
    return this.off(name, listener);
  }
  removeAllListeners(name?: PropertyKey): this {
    if (name === undefined) this.#listeners.clear();
    else this.#listeners.delete(name);
    return this;
  }
  emit(name: PropertyKey, ...values: unknown[]): boolean {
    const list = this.#listeners.get(name) ?? [];
    if (list.length === 0 && name === "error") throw values[0];
    for (const listener of list) listener.apply(this, values);
    return list.length > 0;
  }
  listenerCount(name: PropertyKey): number {
    return this.#listeners.get(name)?.length ?? 0;
  }
  listeners(name: PropertyKey): Listener[] {
    return [...(this.#listeners.get(name) ?? [])];
  }
  eventNames(): PropertyKey[] {
    return [...this.#listeners.keys()];
  }
  setMaxListeners(): this {
    return this;
  }
}
