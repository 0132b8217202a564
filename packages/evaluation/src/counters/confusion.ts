import { Counts } from './counts.ts'

/** Columns of a confusion table, in the order of the cells. */
export const CONFUSION_COLUMNS = ['truePositives', 'falsePositives', 'falseNegatives', 'trueNegatives'] as const
export type ConfusionTable = Readonly<Record<(typeof CONFUSION_COLUMNS)[number], number>>

/** Index of the cell that a decision with this outcome belongs to. */
export function confusionColumn(decided: boolean, actual: boolean): number {
  return decided ? (actual ? 0 : 1) : actual ? 2 : 3
}

/** Decisions at the live threshold by what really happened. */
export class Confusion extends Counts {
  constructor(cells?: ArrayLike<number>) {
    super(cells ?? CONFUSION_COLUMNS.length)
  }

  static fromTable(table: ConfusionTable): Confusion {
    return new Confusion(CONFUSION_COLUMNS.map((column) => table[column]))
  }

  count(decided: boolean, actual: boolean, times = 1): void {
    this.cells[confusionColumn(decided, actual)]! += times
  }

  get table(): ConfusionTable {
    return {
      truePositives: this.cells[0]!,
      falsePositives: this.cells[1]!,
      falseNegatives: this.cells[2]!,
      trueNegatives: this.cells[3]!,
    }
  }
}
