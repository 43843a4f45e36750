"""CLAIM 2024, the checklist for artificial intelligence in medical imaging.

Numbers and names are those of Tejani et al. 2024 (Radiology: Artificial Intelligence 6:e240300);
what each item asks is said in our own words.
"""

from ctseq.report.checklists import data, findings, recipe
from ctseq.report.checklists.items import Checklist, Item

_TITLE = [
    Item(
        "1",
        "Title or abstract names the technology",
        "which kind of artificial intelligence the paper is about, in its title or abstract",
        recipe.category,
        "say so in the title or abstract",
    ),
    Item("2", "Abstract", "a summary of design, methods, results with numbers, and conclusion"),
]
_INTRODUCTION = [
    Item(
        "3",
        "Background and role",
        "the clinical problem, and what the model would be used for and by whom",
    ),
    Item(
        "4",
        "Aims and hypotheses",
        "what the study wants to find out, and what was expected",
        findings.aims,
        "say why this question and this margin, and what was expected",
    ),
]
_DESIGN = [
    Item(
        "5",
        "Prospective or retrospective",
        "whether data were collected for this study or had been before it",
        data.collection,
    ),
    Item("6", "Study goal", "what kind of study it is", findings.goal),
]
_DATA = [
    Item(
        "7",
        "Data sources",
        "where the images come from, with links to public data",
        data.source,
        "name hospitals, dates and the release of the data, with a link",
    ),
    Item(
        "8",
        "Inclusion and exclusion criteria",
        "who was eligible, and which images were taken",
        data.eligibility,
        "say by which clinical criteria patients came into the dataset",
    ),
    Item(
        "9",
        "Data preprocessing",
        "what is done to the images, in enough detail to do it again",
        recipe.preprocessing,
    ),
    Item(
        "10",
        "Selection of data subsets",
        "which patients, slices or regions are taken of what there is",
        recipe.slices_used,
    ),
    Item(
        "11",
        "De-identification",
        "how patients were made unidentifiable, and by which standard",
        data.identity,
    ),
    Item("12", "Missing data", "how missing data were handled", data.missing),
    Item(
        "13",
        "Image acquisition",
        "scanners, protocol, slice thickness, contrast agent",
        data.acquisition,
    ),
]
_REFERENCE = [
    Item(
        "14",
        "Definition of the reference standard",
        "what counts as positive, and how it was found out",
        data.reference,
        "say how the labels were made: by whom, from which images and reports, with which rule for "
        "doubt",
    ),
    Item(
        "15",
        "Rationale for the reference standard",
        "why this reference standard, and what it may miss",
        data.reference_of_phantoms,
    ),
    Item(
        "16",
        "Source of annotations",
        "who annotated, with which training and experience",
        data.reference_of_phantoms,
    ),
    Item(
        "17",
        "Annotation of the test set",
        "how the labels of test patients were made, and with which tools",
        data.reference_of_test,
        "say with which tools, and what the annotators knew",
    ),
    Item(
        "18",
        "Variability of annotators",
        "how well annotators agree with each other and themselves, and how they settled it",
        data.reference_of_phantoms,
    ),
]
_PARTITIONS = [
    Item(
        "19",
        "Assignment to partitions",
        "how patients were assigned to train or to be tested on, and how many",
        data.partition,
    ),
    Item(
        "20",
        "Level at which partitions are disjoint",
        "whether partitions share patients, scans or slices",
        data.disjoint,
    ),
    Item(
        "21",
        "Intended sample size",
        "how the number of test patients was decided",
        findings.sample_size,
        "say how the number of patients was decided",
    ),
]
_MODEL = [
    Item(
        "22",
        "Description of the model",
        "inputs, outputs, architecture and layers, in enough detail to build it again",
        recipe.models,
    ),
    Item("23", "Software", "libraries, frameworks and their versions", recipe.software),
    Item(
        "24",
        "Initialisation of parameters",
        "what the weights start from: chance, or which pretraining",
        recipe.initialisation,
    ),
]
_TRAINING = [
    Item(
        "25",
        "Training",
        "losses, optimiser, augmentation and every other setting of training",
        recipe.training,
    ),
    Item(
        "26",
        "Selection of the final model",
        "how the model that is tested was chosen among those trained",
        recipe.selection,
    ),
    Item("27", "Ensembling", "whether and how models are combined", recipe.ensembling),
]
_EVALUATION = [
    Item("28", "Metrics", "how performance is measured, and why so", findings.metrics_used),
    Item(
        "29",
        "Significance and uncertainty",
        "tests and intervals, and how they are computed",
        findings.statistics,
    ),
    Item(
        "30",
        "Robustness or sensitivity analysis",
        "how far results depend on data, seeds and choices",
        findings.robustness,
        "say which other choices could have changed the answer; config.yaml has keys for further "
        "trainings",
    ),
    Item(
        "31",
        "Explainability",
        "how predictions are explained, and how the explanations were checked",
        findings.explanations,
        "say how the weights were checked against where the finding is",
    ),
    Item(
        "32",
        "Evaluation on internal data",
        "the test on patients of the same origin that did not train",
        data.internal_test,
    ),
    Item(
        "33",
        "Testing on external data",
        "the test on patients of another origin, or that there is none",
        data.external_test,
        "report how the models do there",
    ),
    Item(
        "34",
        "Clinical trial registration",
        "register and number if the study is a trial, otherwise that it is none",
        findings.registration,
        "name register and number if the study is a trial, otherwise say that it is none",
    ),
]
_RESULTS_DATA = [
    Item(
        "35",
        "Patients included and excluded",
        "how many were included and excluded, and why",
        data.flow,
    ),
    Item(
        "36",
        "Characteristics in each partition",
        "age, sex, disease and images of the patients in each partition",
        data.characteristics,
        "tabulate age, sex and clinical characteristics by partition",
    ),
]
_RESULTS_MODEL = [
    Item(
        "37",
        "Performance and uncertainty",
        "every metric with its interval, in all test patients and in subgroups",
        findings.performance_by_group,
        "report subgroups, if the study is large enough for them",
    ),
    Item(
        "38",
        "Diagnostic performance and precision",
        "estimates of diagnostic performance, and of differences, with intervals",
        findings.diagnostic,
    ),
    Item(
        "39",
        "Analysis of failures",
        "which cases are wrong, and what they have in common",
        findings.errors,
        "look at the scans that are called wrong and say what they have in common",
    ),
]
_DISCUSSION = [
    Item(
        "40",
        "Limitations",
        "what limits the conclusion: bias, uncertainty, generalisability",
        findings.limitations,
        "say what these limits do to the conclusion, and add what the data bring",
    ),
    Item("41", "Implications for practice", "what follows for practice: intended use and role"),
]
_OTHER = [
    Item(
        "42",
        "Protocol or technical details",
        "where the full protocol or further technical details can be read",
        findings.protocol,
        "say where the configuration and, if there is one, the protocol are published",
    ),
    Item(
        "43",
        "Availability of software, model and data",
        "what others can get of program, trained model and data, and how",
        findings.availability,
        "say where program, weights and data can be had, and on which terms",
    ),
    Item("44", "Funding", "who paid for the study, and what role they had"),
]

CLAIM = Checklist(
    "claim.md",
    "CLAIM 2024",
    "Checklist for Artificial Intelligence in Medical Imaging, 2024 update (Tejani et al. 2024, "
    "Radiology: Artificial Intelligence 6:e240300). Items are in our own words.",
    {
        "Title and abstract": _TITLE,
        "Introduction": _INTRODUCTION,
        "Methods: study design": _DESIGN,
        "Methods: data": _DATA,
        "Methods: reference standard": _REFERENCE,
        "Methods: data partitions and testing data": _PARTITIONS,
        "Methods: model": _MODEL,
        "Methods: training": _TRAINING,
        "Methods: evaluation": _EVALUATION,
        "Results: data": _RESULTS_DATA,
        "Results: model performance": _RESULTS_MODEL,
        "Discussion": _DISCUSSION,
        "Other information": _OTHER,
    },
)
