/** Points of two classes that are being drawn, with undo and redo. */

import type { ClassPoint } from "../../data/class-points";

const MOST = 2000;

export class PointsSketch {
  constructor(
    readonly points: readonly ClassPoint[],
    private readonly before: PointsSketch | null = null,
    private readonly after: PointsSketch | null = null,
  ) {}

  get canUndo(): boolean {
    return this.before !== null;
  }

  get canRedo(): boolean {
    return this.after !== null;
  }

  /** Other points; with `continues` as a part of the change before, which one undo takes back. */
  change(points: readonly ClassPoint[], continues: boolean): PointsSketch {
    return new PointsSketch(points.slice(0, MOST), continues ? this.before : this);
  }

  undo(): PointsSketch {
    return this.before ? new PointsSketch(this.before.points, this.before.before, this) : this;
  }

  redo(): PointsSketch {
    return this.after ? new PointsSketch(this.after.points, this, this.after.after) : this;
  }

  add(point: ClassPoint, continues: boolean): PointsSketch {
    return this.change([...this.points, point], continues);
  }

  /** Without the points within a distance of a place. */
  erase([x, y]: readonly [number, number], within: number, continues: boolean): PointsSketch {
    const left = this.points.filter((point) => Math.hypot(point.x - x, point.y - y) > within);
    return left.length === this.points.length ? this : this.change(left, continues);
  }

  move(index: number, [x, y]: readonly [number, number], continues: boolean): PointsSketch {
    return this.change(this.points.map((point, i) => (i === index ? { ...point, x, y } : point)), continues);
  }

  /** The number of the point nearest to a place, within a distance; −1 if there is none. */
  nearest([x, y]: readonly [number, number], within: number): number {
    let [best, least] = [-1, within];
    this.points.forEach((point, i) => {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance <= least) [best, least] = [i, distance];
    });
    return best;
  }
}
