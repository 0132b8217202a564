export * from './admit-onnx.ts'
export * from './describe-onnx.ts'
export * from './load-onnx-model.ts'
export { OnnxSession } from './onnx-session.ts'
