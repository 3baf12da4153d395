// The `applications` namespace: 40 networks, and Keras's modules with what belongs to each family. Where a network and its
// module have one name (`vgg16`), the network's own properties are the module.
export type { Application, ApplicationArgs } from './application.js';
export * as densenet from './densenet.js';
export * as imagenetUtils from './imagenet.js';
export * as mobilenet from './mobilenet.js';
export * as mobilenetV2 from './mobilenet-v2.js';
export * as mobilenetV3 from './mobilenet-v3.js';
export * as resnet from './resnet.js';
export * as resnetV2 from './resnet-v2.js';
export { denseNet121, denseNet169, denseNet201 } from './densenet.js';
export { mobileNet, type MobileNetArgs } from './mobilenet.js';
export { mobileNetV2, type MobileNetV2Args } from './mobilenet-v2.js';
export { mobileNetV3Large, mobileNetV3Small, type MobileNetV3Args } from './mobilenet-v3.js';
export { resNet50, resNet101, resNet152 } from './resnet.js';
export { resNet50V2, resNet101V2, resNet152V2 } from './resnet-v2.js';
export { vgg16, vgg19 } from './vgg.js';
export { xception } from './xception.js';
