/** A credential that policies may inject, by the name they use for it; undefined where it is not set. */
export function secretIn(env: object, name: string): string | undefined {
  const value: unknown = Reflect.get(env, `SECRET_${name}`);
  return typeof value === "string" && value !== "" ? value : undefined;
}
