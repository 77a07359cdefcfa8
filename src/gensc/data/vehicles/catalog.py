"""The sixteen classes: name, words, paint and model of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import armour, cars, helicopters, motorcycle, planes, trucks
from .solids import Mesh

Builder = Callable[[np.random.Generator, bool], Mesh]


@dataclass(frozen=True)
class Entry:
    """One class; `build` takes a generator and whether the vehicle flies, `bank` is its steepest roll."""

    name: str
    words: str
    paint: str
    build: Builder
    air_share: float = 0.0
    bank: float = 0.0


def _grounded(build: Callable[[np.random.Generator], Mesh]) -> Builder:
    """A builder that looks the same in flight and on the ground."""
    return lambda rng, flying: build(rng)


ENTRIES = (
    Entry("Armored_Personnel_Carrier", "armored personnel carrier", "military", _grounded(armour.carrier)),
    Entry("Bulldozer", "bulldozer", "work", _grounded(trucks.bulldozer)),
    Entry("Cement_Mixer_Truck", "cement mixer truck", "work", _grounded(trucks.cement_mixer)),
    Entry("Commercial_Airplane", "commercial airplane", "airliner", planes.airliner, 0.6, 14.0),
    Entry("Dump_Truck", "dump truck", "work", _grounded(trucks.dump_truck)),
    Entry("Fighter_Jet", "fighter jet", "jet", planes.fighter, 0.6, 40.0),
    Entry("Microcar", "microcar", "car", _grounded(cars.microcar)),
    Entry("Military_Helicopter", "military helicopter", "military", _grounded(helicopters.attack), 0.65,
          14.0),
    Entry("Military_Tank", "military tank", "military", _grounded(armour.tank)),
    Entry("Military_Truck", "military truck", "military", _grounded(trucks.military_truck)),
    Entry("Motorcycle", "motorcycle", "car", _grounded(motorcycle.motorcycle)),
    Entry("Pickup_Truck", "pickup truck", "car", _grounded(cars.pickup)),
    Entry("Sedan_Car", "sedan car", "car", _grounded(cars.sedan)),
    Entry("Sport_Car", "sport car", "car", _grounded(cars.sport_car)),
    Entry("SUV", "SUV", "car", _grounded(cars.suv)),
    Entry("Transport_Helicopter", "transport helicopter", "helicopter", _grounded(helicopters.transport),
          0.65, 12.0),
)
CLASSES = tuple(entry.name for entry in ENTRIES)
