/** Thrown through the interpreter to end it; the instance is dead afterwards. */
export class Halt extends Error {
  override name = "Halt";
}
