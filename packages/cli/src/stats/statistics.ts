import { CBPE, CHI_SQUARE, ECE, JS, KS, L_INFINITY, PSI } from './drift-statistics.ts'
import { CUPED, HAJEK, MEAN, PAIRED_T, RATIO } from './mean-statistics.ts'
import { AGREEMENT, MCNEMAR } from './paired-statistics.ts'
import { DURATION, POWER } from './planning-statistics.ts'
import { PRECISION_RECALL_F1, PROPORTION, WILSON } from './proportion-statistics.ts'
import { AUC, AUC_BINS, BRIER, DELONG_PAIRED, LOG_LOSS } from './score-statistics.ts'
import type { Statistic } from './statistic.ts'
import { BENJAMINI_HOCHBERG, HOLM, SPENDING_BOUNDS, SRM, SRM_SEQUENTIAL, VERDICT } from './verdict-statistics.ts'

/** In the order of the list: estimate, compare, judge, plan, watch. */
export const STATISTICS: readonly Statistic[] = [
  PROPORTION,
  WILSON,
  MEAN,
  RATIO,
  PRECISION_RECALL_F1,
  AUC,
  AUC_BINS,
  LOG_LOSS,
  BRIER,
  HAJEK,
  CUPED,
  PAIRED_T,
  MCNEMAR,
  DELONG_PAIRED,
  AGREEMENT,
  VERDICT,
  SPENDING_BOUNDS,
  HOLM,
  BENJAMINI_HOCHBERG,
  SRM,
  SRM_SEQUENTIAL,
  POWER,
  DURATION,
  PSI,
  JS,
  KS,
  L_INFINITY,
  CHI_SQUARE,
  ECE,
  CBPE,
]
