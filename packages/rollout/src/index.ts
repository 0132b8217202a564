export * from './apply-event.ts'
export * from './duration-text.ts'
export * from './explain.ts'
export * from './gates.ts'
export * from './health.ts'
export * from './judge.ts'
export * from './look-report.ts'
export * from './rollout-event.ts'
export * from './rollout-input.ts'
export {
  CANDIDATE_ARM,
  CONTROL_ARM,
  comparisonArms,
  NOT_COMPARED,
  refuseBase,
} from './rollout-plan.ts'
export * from './rollout-spec.ts'
export * from './rollout-state.ts'
export { ANALYSED_WEIGHT_BP_MAX } from './spec-relations.ts'
export * from './step.ts'
