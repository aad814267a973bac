export { demoModelDirectory } from './model/demo-model-directory.js';
export { createOnnxVideoEngine, type OnnxVideoEngineOptions } from './onnx-video-engine.js';
