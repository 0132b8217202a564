export * from './model-slot.ts'
export * from './score-loop.ts'
export * from './scorer-http.ts'
