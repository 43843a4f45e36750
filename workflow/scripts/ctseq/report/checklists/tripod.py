"""TRIPOD+AI, the checklist for prediction models made by regression or machine learning.

Numbers and names are those of Collins et al. 2024 (BMJ 385:e078378), 27 items in 52 parts; what
each part asks is said in our own words.
"""

from ctseq.report.checklists import data, findings, recipe
from ctseq.report.checklists.items import Checklist, Item

_FIRST = [
    Item("1", "Title", "a title that names the kind of study, the patients and the outcome"),
    Item("2", "Abstract", "an abstract by TRIPOD+AI's own list for abstracts"),
    Item("3a", "Background: context", "the clinical problem, why a model, and which models exist"),
    Item("3b", "Background: purpose", "for whom the model is, where in care, and who uses it"),
    Item("3c", "Background: inequalities", "known inequalities of health between groups of people"),
    Item(
        "4", "Objectives", "what the study wants: to develop, to evaluate, or both", findings.goal
    ),
]
_DATA = [
    Item(
        "5a",
        "Data: sources",
        "where data to develop and to evaluate come from, why these, and whom they represent",
        data.source,
        "say why these data, from which kind of care, and whom they represent",
    ),
    Item("5b", "Data: dates", "when patients were enrolled, from first to last", data.collection),
    Item(
        "6a", "Participants: setting", "the kind, number and place of the centres", data.collection
    ),
    Item(
        "6b",
        "Participants: eligibility",
        "who could take part",
        data.eligibility,
        "say by which clinical criteria patients came into the dataset",
    ),
    Item(
        "6c",
        "Participants: treatments",
        "treatments, and how the analysis takes them into account",
        data.collection,
    ),
    Item(
        "7",
        "Data preparation",
        "cleaning, checks and preprocessing, and whether they were the same for all groups",
        recipe.preprocessing,
    ),
]
_VARIABLES = [
    Item(
        "8a",
        "Outcome: definition",
        "what is predicted, how and when it was found out, and whether alike in all groups",
        data.reference,
        "say how and when the diagnosis was made, and whether in the same way for all groups",
    ),
    Item(
        "8b",
        "Outcome: assessors",
        "training and background of those who judged the outcome",
        data.reference_of_phantoms,
    ),
    Item(
        "8c",
        "Outcome: blinding",
        "what kept those who judged the outcome from knowing more",
        data.reference_of_phantoms,
    ),
    Item(
        "9a",
        "Predictors: choice",
        "which predictors were considered, and how they were chosen",
        recipe.slices_used,
    ),
    Item(
        "9b",
        "Predictors: definition",
        "what every predictor is, and how and when it was measured",
        recipe.models,
        "say how and when the scans were made",
    ),
    Item("9c", "Predictors: assessors", "who judged predictors that need judgement", recipe.judged),
    Item(
        "10",
        "Sample size",
        "how the number of patients was decided, and whether it is enough",
        findings.sample_size,
        "say how the number of patients was decided",
    ),
    Item(
        "11",
        "Missing data",
        "how missing data were handled, and why data were left out",
        data.missing,
    ),
]
_ANALYSIS = [
    Item(
        "12a",
        "Analysis: use of the data",
        "which data develop the model and which evaluate it, and how they were parted",
        data.partition,
    ),
    Item(
        "12b",
        "Analysis: handling of predictors",
        "how predictors are scaled, transformed or standardised",
        recipe.preprocessing,
    ),
    Item(
        "12c",
        "Analysis: model building",
        "kind of model and why, every step of building and tuning it, and its internal test",
        recipe.building,
        "say why these models",
    ),
    Item(
        "12d",
        "Analysis: heterogeneity",
        "whether and how differences between hospitals or countries were looked at",
    ),
    Item(
        "12e",
        "Analysis: measures",
        "all measures and figures of performance and of the comparison",
        findings.measures,
    ),
    Item(
        "12f", "Analysis: updating", "whether a model was recalibrated or updated", recipe.updating
    ),
    Item(
        "12g",
        "Analysis: predictions",
        "by which code or formula predictions were computed",
        recipe.predictions,
    ),
    Item("13", "Class imbalance", "what was done about unequal classes, and why", recipe.imbalance),
    Item(
        "14",
        "Fairness",
        "what was done for the model to be fair, and why",
        findings.fairness,
        "say which groups matter here and what was done for them",
    ),
    Item(
        "15",
        "Model output",
        "what the model gives out, and how thresholds were found",
        recipe.output,
    ),
    Item(
        "16",
        "Training versus evaluation",
        "how the data to develop and to evaluate differ",
        data.same_origin,
    ),
    Item(
        "17",
        "Ethical approval",
        "which committee approved, and how patients consented",
        data.ethics,
    ),
]
_OPEN = [
    Item("18a", "Open science: funding", "who paid for the study, and what role they had"),
    Item("18b", "Open science: conflicts of interest", "interests of all authors"),
    Item(
        "18c",
        "Open science: protocol",
        "where the protocol can be read, or that there is none",
        findings.protocol,
        "say whether there was a protocol beside the configuration, and where",
    ),
    Item(
        "18d",
        "Open science: registration",
        "register and number, or that there is none",
        findings.registration,
        "name the register and the number, and show that it was registered before there were "
        "results",
    ),
    Item(
        "18e",
        "Open science: data",
        "how others can get the data",
        findings.availability,
        "say where the data can be had, and on which terms",
    ),
    Item(
        "18f",
        "Open science: code",
        "how others can get the code of the analysis",
        findings.code,
        "say where the program and the configuration can be had",
    ),
    Item(
        "19",
        "Patient and public involvement",
        "how patients took part in the study, or that none did",
    ),
]
_RESULTS = [
    Item(
        "20a",
        "Participants: flow",
        "how many took part at each step, with and without the outcome",
        data.flow,
    ),
    Item(
        "20b",
        "Participants: characteristics",
        "who the patients are: age, sex, outcome, missing values",
        data.characteristics,
        "tabulate age, sex, dates and missing values",
    ),
    Item(
        "20c",
        "Participants: comparison",
        "how patients to evaluate differ from those to develop",
        data.characteristics_compared,
    ),
    Item(
        "21", "Model development", "number of patients and outcomes in each analysis", data.analysed
    ),
    Item(
        "22",
        "Model specification",
        "the whole model, so that others can predict with it, and who may use it",
        recipe.specification,
        "say where the weights can be had, and who may use them",
    ),
    Item(
        "23a",
        "Model performance: estimates",
        "performance with intervals, in all patients and in groups that matter",
        findings.performance_by_group,
        "report subgroups, if the study is large enough for them",
    ),
    Item("23b", "Model performance: heterogeneity", "how performance differs between hospitals"),
    Item("24", "Model updating", "the updated model, and how it performs", recipe.updating),
]
_DISCUSSION = [
    Item(
        "25",
        "Interpretation",
        "what the results mean, with fairness and earlier studies in view",
        findings.diagnostic,
        "say what the differences mean beside earlier studies, and for whom",
    ),
    Item(
        "26",
        "Limitations",
        "what limits the study, and what that does to bias and generalisability",
        findings.limitations,
        "say what these limits do to the conclusion, and add what the data bring",
    ),
    Item("27a", "Usability: poor input", "what to do in practice with poor or missing images"),
    Item("27b", "Usability: users", "what users must do, and what they need to know for it"),
    Item("27c", "Usability: next steps", "what has to be studied next before the model is of use"),
]

TRIPOD_AI = Checklist(
    "tripod-ai.md",
    "TRIPOD+AI",
    "Transparent reporting of a multivariable prediction model for individual prognosis or "
    "diagnosis, 2024 (Collins et al. 2024, BMJ 385:e078378). Items are in our own words.",
    {
        "Title, abstract, introduction": _FIRST,
        "Methods: data and participants": _DATA,
        "Methods: outcome, predictors, sample size": _VARIABLES,
        "Methods: analysis": _ANALYSIS,
        "Open science, involvement": _OPEN,
        "Results": _RESULTS,
        "Discussion": _DISCUSSION,
    },
)
