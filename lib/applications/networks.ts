// All networks.
export {
  convNeXtBase,
  convNeXtLarge,
  convNeXtSmall,
  convNeXtTiny,
  convNeXtXLarge,
  type ConvNeXtArgs,
} from './convnext.js';
export { denseNet121, denseNet169, denseNet201 } from './densenet.js';
export {
  efficientNetB0,
  efficientNetB1,
  efficientNetB2,
  efficientNetB3,
  efficientNetB4,
  efficientNetB5,
  efficientNetB6,
  efficientNetB7,
} from './efficientnet.js';
export {
  efficientNetV2B0,
  efficientNetV2B1,
  efficientNetV2B2,
  efficientNetV2B3,
  efficientNetV2L,
  efficientNetV2M,
  efficientNetV2S,
  type EfficientNetV2Args,
} from './efficientnet-v2.js';
export { inceptionResNetV2 } from './inception-resnet-v2.js';
export { inceptionV3 } from './inception-v3.js';
export { mobileNet, type MobileNetArgs } from './mobilenet.js';
export { mobileNetV2, type MobileNetV2Args } from './mobilenet-v2.js';
export { mobileNetV3Large, mobileNetV3Small, type MobileNetV3Args } from './mobilenet-v3.js';
export { nasNetLarge, nasNetMobile } from './nasnet.js';
export { resNet50, resNet101, resNet152 } from './resnet.js';
export { resNet50V2, resNet101V2, resNet152V2 } from './resnet-v2.js';
export { vgg16, vgg19 } from './vgg.js';
export { xception } from './xception.js';
