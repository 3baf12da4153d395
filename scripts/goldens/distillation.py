# Makes test/golden/distillation.json: a student that learns from a teacher in Keras, step by step.
#   pip install keras jax; KERAS_BACKEND=jax python scripts/goldens/distillation.py
import json
import pathlib

import keras
import numpy as np
from keras import layers
from keras.distillation import Distiller, FeatureDistillation, LogitsDistillation

rng = np.random.default_rng(0)
x = rng.normal(size=(8, 4)).round(3).astype("float32")
y = rng.integers(0, 3, (8, 1)).astype("int32")


def model(name, units):
    inputs = layers.Input((4,))
    hidden = layers.Dense(units, activation="tanh", name="hidden")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="logits")(hidden), name=name)


numbers = lambda weights: [[round(float(v), 3) for v in np.ravel(w)] for w in weights]
filled = lambda weights: [rng.normal(size=w.shape).round(3).astype("float32") for w in weights]
cases = {
    "logits": dict(losses=[LogitsDistillation(temperature=2.0)], student_loss_weight=0.3),
    "crossentropy of logits": dict(
        losses=[LogitsDistillation(loss=keras.losses.CategoricalCrossentropy(from_logits=True))], student_loss_weight=0.0
    ),
    "divergence of softmax": dict(losses=[LogitsDistillation(loss=keras.losses.KLDivergence())], student_loss_weight=0.5),
    "features": dict(
        losses=[
            LogitsDistillation(),
            FeatureDistillation(teacher_layer_name="hidden", student_layer_name="hidden"),
            FeatureDistillation(loss="mae"),
        ],
        weights=[1.0, 0.5, 2.0],
        student_loss_weight=0.5,
    ),
}
golden = {"x": x.astype(float).round(3).tolist(), "y": y.tolist(), "cases": {}}
for name, case in cases.items():
    teacher, student = model("teacher", 5), model("student", 5)
    for each in (teacher, student):
        each.set_weights(filled(each.get_weights()))
    start = {"teacher": numbers(teacher.get_weights()), "student": numbers(student.get_weights())}
    distiller = Distiller(
        teacher, student, case["losses"], case.get("weights"), student_loss_weight=case["student_loss_weight"]
    )
    distiller.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = distiller.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    golden["cases"][name] = {
        **start,
        "history": {key: [float(v) for v in values] for key, values in history.items()},
        "evaluated": {key: float(v) for key, v in distiller.evaluate(x, y, batch_size=4, verbose=0, return_dict=True).items()},
        "trained": [[float(v) for v in np.ravel(w)] for w in student.get_weights()],
    }
    print(name, golden["cases"][name]["history"])

target = pathlib.Path(__file__).parents[2] / "test/golden/distillation.json"
target.write_text(json.dumps(golden))
