/** Something that is made when it is first asked for, once for all who ask; anew after a failure. */
export class Once<T> {
  private readonly make: () => Promise<T>;
  private made: Promise<T> | undefined;

  constructor(make: () => Promise<T>) {
    this.make = make;
  }

  get(): Promise<T> {
    if (this.made !== undefined) return this.made;
    const made = this.make();
    this.made = made;
    made.catch(() => {
      this.made = undefined;
    });
    return made;
  }
}
