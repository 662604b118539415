"""The exercises as notebooks import them: `from mdp_widgets.classroom.exercises import check, study`."""

from ..teach.exercises import EXERCISES, GRADES, Exercise, Verdict, check, measured, study, two_studies

__all__ = ["EXERCISES", "GRADES", "Exercise", "Verdict", "check", "measured", "study", "two_studies"]
