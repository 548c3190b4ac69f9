"""Good arguments of optimisers, learning rate schedules and what looks at them, by the name of the parameter."""

from .good_arrays import BOOL

PROBABILITY = ("0.0", "0.5", "1", "0.25")
TRAINING = {
    # optimisers
    "params": ("[leaf(3)]", "nn.Linear(3, 2).parameters()", '[{"params": [leaf(3)], "lr": 0.5}]'), "lr": ("0.1", "0"),
    "momentum": ("0.0", "0.9"), "dampening": ("0.0",), "weight_decay": ("0.0", "0.5"), "nesterov": ("False",),
    "maximize": BOOL, "betas": ("(0.9, 0.99)", "[0.5, 0.5]"), "eps": ("1e-8",), "amsgrad": BOOL,
    "RMSprop.alpha": ("0.9",), "rho": ("0.05", "0.5"), "centered": BOOL,
    "lr_decay": ("0.0", "0.1"), "damping": ("0.1", "1.0"),
    "initial_accumulator_value": ("0.0", "0.5"), "momentum_decay": ("0.004",), "decoupled_weight_decay": BOOL,
    "max_iter": ("2",), "max_eval": ("None", "4"), "tolerance_grad": ("1e-7",), "tolerance_change": ("1e-9",),
    "history_size": ("3",), "line_search_fn": ("None",), "cg_iter": ("3",), "cg_tolerance": ("1e-6",),
    "closure": ("None", "lambda: tw.asarray(1.0)"), "swa_lr": ("0.1", "[0.5]"), "anneal_epochs": ("0", "3"),
    "avg_fn": ("None", "lambda a, b, n: b"), "use_buffers": BOOL, "loader": ("[]", "[leaf(2, 3)]"),
    "rates": ("[0.1]",), "losses": ("[1.0]",), "start_lr": ("0.1",), "end_lr": ("1.0",), "num_iter": ("2",),
    "diverged": ("5.0",), "eta": ("0.3",),
    "defaults": ("{}", '{"lr": 0.1}'), "group": ('{"params": [leaf(2)]}', '{"params": leaf(2), "lr": 0.2}'),
    # learning rate schedules
    "optimizer": ("tw.optim.SGD([leaf(3)])", "tw.optim.Adam([leaf(3)], 0.1)"), "last_epoch": ("-1",),
    "lr_lambda": ("lambda epoch: 0.5", "[math.exp]"), "step_size": ("1", "3"), "gamma": ("0.5", "1"),
    "milestones": ("[1, 3]", "(2,)"), "factor": ("0.5", "0.1"), "total_iters": ("1", "3"), "power": ("1.0", "2"),
    "start_factor": ("0.5", "1"), "end_factor": ("1.0", "0"), "warmup_steps": ("1", "4"), "T_max": ("1", "5"),
    "eta_min": ("0.0", "0.01"), "T_0": ("1", "3"), "T_mult": ("1", "2"), "epoch": ("None", "2", "0.5"),
    "base_lr": ("0.1", "[0.01]"), "max_lr": ("1.0", "[0.5]"), "step_size_up": ("4", "1"),
    "step_size_down": ("None", "2"),
    "CyclicLR.mode": ('"triangular"', '"triangular2"', '"exp_range"'), "scale_fn": ("None", "lambda x: 1 / x"),
    "scale_mode": ('"cycle"', '"iterations"'), "cycle_momentum": BOOL, "base_momentum": ("0.8", "[0.7]"),
    "max_momentum": ("0.9", "[0.99]"), "total_steps": ("None", "10"), "steps_per_epoch": ("5",),
    "pct_start": PROBABILITY, "anneal_strategy": ('"cos"', '"linear"'), "div_factor": ("25.0", "1"),
    "final_div_factor": ("1e4", "2"), "three_phase": BOOL, "ReduceLROnPlateau.mode": ('"min"', '"max"'),
    "patience": ("0", "2"), "threshold_mode": ('"rel"', '"abs"'), "cooldown": ("0", "2"), "min_lr": ("0", "[0.01]"),
    **dict.fromkeys(("ReduceLROnPlateau.threshold", "ReduceLROnPlateau.eps"), ("1e-4", "0")),
    "metrics": ("1.0", "math.nan"), "schedulers": ("[tw.optim.lr_scheduler.StepLR(tw.optim.SGD([leaf(3)]), 1)]",),
    "ChainedScheduler.optimizer": ("None",),
    "PLACE": tuple(map(str, range(16))), "steps": ("1", "5"), "step_number": ("0", "3"),
    "effective_learning_rate.lr": ("0.5", "2"),
}  # fmt: skip
