"""Estimators: functions of counts and durations that know no indicator."""
