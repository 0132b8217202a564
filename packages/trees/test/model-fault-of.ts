import { ModelFault } from '../src/model-fault.ts'

/** The fault that a call ends with, as `code where: detail`; fails the test when it ends otherwise. */
export function modelFaultOf(call: () => unknown): string {
  try {
    call()
  } catch (fault) {
    if (fault instanceof ModelFault) return `${fault.code} ${fault.where}: ${fault.detail}`
    throw fault
  }
  throw new Error('no fault')
}
